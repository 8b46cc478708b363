# Collects what cskerb plans by, into a folder, and changes nothing. Made by @TOOL@.
#
#     powershell.exe -ExecutionPolicy RemoteSigned -File collect.ps1 -Out C:\snapshot [-Server fe01.contoso.com,fe02.contoso.com]
#
# Run it on a Front End Server as a member of RTCUniversalServerAdmins who may log on to the other servers by WinRM. The
# folder then goes to where cskerb is: cskerb plan FILE --snapshot FOLDER
#
#   -Out      the folder; it is made where it is not there, and files in it are replaced
#   -Server   the servers to read IIS settings of, with a comma and no blank between them; without it, all that run
#             Web Services
#   -Account  accounts to look up, beside those that are assigned
#   -Spn      service principal names to look up, beside those of the pools
#   -Product  the product, as the deployment file names it
#
# What is secret in applicationHost.config is removed on each server, before anything travels. What cannot be read is
# named at the end and in snapshot.json; the exit code is 5 then.
[CmdletBinding()]
param(
    [Parameter(Position = 0)][string]$Out, # and no other has a place: a name after a blank is refused
    [string[]]$Server = @(),
    [string[]]$Account = @(@ACCOUNTS@),
    [string[]]$Spn = @(@SPNS@),
    [string]$Product = '@PRODUCT@'
)

$ErrorActionPreference = 'Stop'

# What reads, for this computer and, sent there as a whole, for others.
$Functions = {
@FUNCTIONS@
}
. $Functions

# ---- The folder ----

$Unread = @()

# Names, each once and in order. powershell.exe -File gives a list as one text.
function Get-Names([string[]]$Texts) {
    $Names = @($Texts | Where-Object { $_ } | ForEach-Object { $_.Split(',') } | ForEach-Object { $_.Trim() })
    return , @($Names | Where-Object { $_ } | Sort-Object -Unique)
}

# What an error says, and its id, which is the same in every language.
function Get-ErrorWords($Record) {
    $Told = ConvertFrom-ErrorRecord $Record
    return $Told.message + ' (' + $Told.id + ')'
}

# Notes what could not be read, and goes on.
function Add-Unread([string]$File, [string]$Why) {
    $script:Unread += @{ file = $File; why = $Why }
    Write-Warning ($File + ': ' + $Why)
}

# Writes a file: it is whole, or not there.
function Write-Bytes([string]$File, [byte[]]$Bytes) {
    $Path = Join-Path $Out $File
    $Parent = Split-Path -Parent $Path
    if (-not (Test-Path -LiteralPath $Parent)) {
        [void][System.IO.Directory]::CreateDirectory($Parent)
    }
    $New = $Path + '.new'
    [System.IO.File]::WriteAllBytes($New, $Bytes)
    [System.IO.File]::Delete($Path)
    [System.IO.File]::Move($New, $Path)
}

function Write-Json([string]$File, $Value) {
    Write-Bytes $File ([System.Text.Encoding]::ASCII.GetBytes((ConvertTo-JsonText $Value) + "`n"))
}

function Write-Utf8([string]$File, [string]$Text) {
    Write-Bytes $File ((New-Object System.Text.UTF8Encoding($false)).GetBytes($Text))
}

# Makes a file of the snapshot, or notes why there is none.
function Save-Json([string]$File, [scriptblock]$Read) {
    try {
        Write-Json $File (& $Read)
    } catch {
        Add-Unread $File (Get-ErrorWords $_)
    }
}

# The name of a site in the name of a file: what may not stand in one everywhere is written as %XX.
function Get-SiteFile([string]$Site) {
    $Name = 'site-'
    foreach ($Byte in [System.Text.Encoding]::UTF8.GetBytes($Site)) {
        $Char = [string][char]$Byte
        if ($Byte -lt 128 -and $Char -match '[A-Za-z0-9 ._-]') {
            $Name += $Char
        } else {
            $Name += '%{0:X2}' -f $Byte
        }
    }
    return 'tests/' + $Name
}

# ---- The topology ----

# The clusters that run Web Services: their FQDNs, machines and web FQDNs.
function Get-WebCluster([xml]$Topology) {
    $Services = $Topology.SelectNodes('//*[local-name()="Service"][*[local-name()="ServiceId" and @RoleName="WebServices"]]')
    foreach ($Service in $Services) {
        $Hosts = @($Service.SelectNodes('.//*[local-name()="InternalSettings"]/@Host') |
                ForEach-Object { $_.Value.Trim() } | Where-Object { $_ })
        foreach ($Id in $Service.SelectNodes('*[local-name()="InstalledOn"]/*[local-name()="ClusterId"]')) {
            $Path = '//*[local-name()="Cluster"][*[local-name()="ClusterId" and @SiteId="{0}" and @Number="{1}"]]'
            $Path = $Path -f $Id.GetAttribute('SiteId'), $Id.GetAttribute('Number')
            foreach ($Cluster in $Topology.SelectNodes($Path)) {
                $Fqdn = $Cluster.GetAttribute('Fqdn')
                $Machines = @($Cluster.SelectNodes('*[local-name()="Machine"]') | ForEach-Object {
                        $Machine = $_.GetAttribute('Fqdn')
                        if (-not $Machine) {
                            $Machine = $Fqdn # the only machine of a cluster may have that name and no other
                        }
                        $Machine
                    })
                @{ fqdn = $Fqdn; machines = $Machines; hosts = $Hosts }
            }
        }
    }
}

# ---- The servers ----

# The IIS configuration of a server, in Base64.
#
# Where the HTTP SPN of its FQDN is on the Kerberos account (Standard Edition, a Director by itself), WinRM fails by that
# name and works by the short one; which server then answered is looked at.
function Get-IisConfigurationOf([string]$Of) {
    if ($Of -eq (Get-HostFqdn)) {
        return (Get-IisConfiguration).base64
    }
    # There, too, every error ends it: half of what was meant is nothing.
    $Text = '$ErrorActionPreference = ''Stop''' + "`n" + $Functions.ToString()
    $Script = [scriptblock]::Create($Text + "`nGet-HostFqdn`n(Get-IisConfiguration).base64`n")
    $Option = New-PSSessionOption -OpenTimeout 30000
    try {
        $Said = @(Invoke-Command -ComputerName $Of -SessionOption $Option -ScriptBlock $Script)
    } catch [System.Management.Automation.Remoting.PSRemotingTransportException] {
        $First = $_
        $Short = $Of.Split('.')[0]
        try {
            $Said = @(Invoke-Command -ComputerName $Short -SessionOption $Option -ScriptBlock $Script)
        } catch [System.Management.Automation.Remoting.PSRemotingTransportException] {
            throw $First
        }
        if ($Said[0] -ne $Of) {
            throw ($Short + ' is not ' + $Of + ' but ' + $Said[0] + ', and ' + $Of + ' does not answer: ' + (Get-ErrorWords $First))
        }
    }
    if ($Said.Count -ne 2 -or -not $Said[1]) {
        throw ($Of + ' gave no answer that is understood')
    }
    return [string]$Said[1]
}

# ---- The tests ----

# Runs the test of a site: what it says is kept as it says it.
function Save-Test([string]$Identity, [string]$AccountName) {
    $File = Get-SiteFile ($Identity.Substring('site:'.Length))
    # A folder, since the cmdlet may write more than one file.
    $Folder = Join-Path ([System.IO.Path]::GetTempPath()) ('cskerb-' + [System.Guid]::NewGuid().ToString('N'))
    [void][System.IO.Directory]::CreateDirectory($Folder)
    $Report = Join-Path $Folder 'test.html'
    $At = [datetime]::UtcNow
    $Finished = $true
    $Said = New-Object System.Collections.ArrayList
    try {
        # In PowerShell 7 the cmdlet runs in another process, and what it is told to be silent about stays there.
        Test-CsKerberosAccountAssignment -Identity $Identity -Report $Report -ErrorAction Continue 2>&1 |
            ForEach-Object { [void]$Said.Add($_) }
    } catch {
        $Finished = $false
        [void]$Said.Add($_)
    }
    $Errors = @($Said | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] } | ForEach-Object {
            $Told = ConvertFrom-ErrorRecord $_
            @{ id = $Told.id; message = $Told.message }
        })
    $Fact = @{ identity = $Identity; account = $AccountName; at = (ConvertTo-Moment $At); finished = $Finished; errors = $Errors }
    $Old = Join-Path $Out ($File + '.html')
    if (Test-Path -LiteralPath $Old) {
        Remove-Item -LiteralPath $Old
    }
    if (Test-Path -LiteralPath $Report) {
        Write-Utf8 ($File + '.html') (Remove-Secret ([System.IO.File]::ReadAllText($Report)))
    }
    Write-Json ($File + '.json') $Fact
    try {
        [System.IO.Directory]::Delete($Folder, $true)
    } catch {
        Write-Warning ('the folder ' + $Folder + ' could not be removed: ' + $_.Exception.Message)
    }
}

# ---- One after the other ----

if (-not $Out) {
    throw 'say where to: -Out FOLDER'
}
foreach ($Name in (Get-Names $Account)) {
    if ($Name -notmatch '^[^\\/@\s]{1,15}\\[^\\/@\s]{1,15}\z') {
        throw ($Name + ' is no account: write DOMAIN\name')
    }
}
foreach ($Name in (Get-Names $Spn)) {
    if ($Name -notmatch '^[^/\s]+/\S+\z') {
        throw ($Name + ' is no service principal name: write http/pool01.contoso.com')
    }
}
$Out = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Out)
[void][System.IO.Directory]::CreateDirectory($Out)
$Module = @(Get-Module -ListAvailable -Name SkypeForBusiness, Lync)[0]
if ($null -eq $Module) {
    throw 'neither the module SkypeForBusiness nor Lync is here: run this where the management shell is installed'
}
$Import = @{ Name = $Module.Name }
if ($PSVersionTable.PSVersion.Major -gt 5 -and $env:OS -eq 'Windows_NT') {
    $Import.UseWindowsPowerShell = $true # the module of the product is one of Windows PowerShell
}
Import-Module @Import
$Begun = [datetime]::UtcNow

# What a cmdlet of the product puts out, as facts. One that says any error has not put out all of it; in PowerShell 7,
# where it runs in a process of its own, none of its errors ends anything by itself.
function Read-Product([string]$Name, [scriptblock]$Read) {
    $Output = New-Object System.Collections.ArrayList
    & $Read 2>&1 | ForEach-Object {
        if ($_ -is [System.Management.Automation.ErrorRecord]) {
            throw $_
        }
        if ($null -ne $_) {
            [void]$Output.Add($_)
        }
    }
    $Answer = @{ output = $null }
    Set-Output $Answer $Name $Output
    return , $Answer.output
}

Write-Host 'topology'
$Clusters = @()
try {
    $Text = (Read-Product 'Get-CsTopology' { Get-CsTopology -AsXml }).xml
    $Clusters = @(Get-WebCluster ([xml]$Text))
    Write-Utf8 'topology.xml' $Text
} catch {
    Add-Unread 'topology.xml' (Get-ErrorWords $_)
}

Write-Host 'assignments, settings, replication'
$Assignments = @()
try {
    $Facts = Read-Product 'Get-CsKerberosAccountAssignment' { Get-CsKerberosAccountAssignment }
    Write-Json 'assignments.json' $Facts
    $Assignments = @($Facts)
} catch {
    Add-Unread 'assignments.json' (Get-ErrorWords $_)
}
Save-Json 'webservices.json' {
    , (Read-Product 'Get-CsWebServiceConfiguration' { Get-CsWebServiceConfiguration })
}
Save-Json 'replication.json' {
    $Facts = Read-Product 'Get-CsManagementStoreReplicationStatus' { Get-CsManagementStoreReplicationStatus }
    , @($Facts | ForEach-Object { @{ replica = $_.replica; upToDate = $_.upToDate } })
}
Save-Json 'operator.json' {
    $Who = Get-IdentityFact
    @{ user = $Who.user; groups = $Who.groups }
}

Write-Host 'directory'
$Accounts = Get-Names (@($Assignments | ForEach-Object { $_.userAccount }) + $Account)
$Spns = Get-Names (@($Clusters | ForEach-Object { @($_.fqdn) + $_.hosts } | ForEach-Object { 'http/' + $_ }) + $Spn)
$Entries = @()
foreach ($Name in $Accounts) {
    $Domain, $Sam = $Name.Split('\')
    $Entry = @{ name = $Name }
    try {
        $Entry.controllers = (Get-AccountFact @{ Domain = $Domain; Name = $Sam }).controllers
    } catch {
        $Entry.error = Get-ErrorWords $_
    }
    $Entries += $Entry
}
$Holders = @()
try {
    $Holders = Get-HolderFact @{ Spn = $Spns }
} catch {
    $Why = Get-ErrorWords $_
    $Holders = @($Spns | ForEach-Object { @{ spn = $_; error = $Why } })
}
$Directory = @{ accounts = $Entries; servicePrincipalNames = $Holders }
foreach ($Domain in @($Accounts | ForEach-Object { $_.Split('\')[0] } | Sort-Object -Unique)) {
    try {
        $Since = (Get-DirectoryFact @{ Domain = $Domain }).aesKeysSince
    } catch {
        $Since = $null # nothing needs to know it
    }
    # Times of this form sort as text.
    if ($Since -and (-not $Directory.ContainsKey('aesKeysSince') -or $Directory.aesKeysSince -lt $Since)) {
        $Directory.aesKeysSince = $Since
    }
}
Save-Json 'directory.json' { $Directory }

foreach ($Assignment in $Assignments) {
    Write-Host ('test of ' + $Assignment.identity)
    try {
        Save-Test $Assignment.identity $Assignment.userAccount
    } catch {
        Add-Unread ((Get-SiteFile ($Assignment.identity.Substring('site:'.Length))) + '.json') (Get-ErrorWords $_)
    }
}

$Servers = Get-Names @($Clusters | ForEach-Object { $_.machines })
if ($Server.Count -gt 0) {
    $Servers = Get-Names $Server
}
foreach ($One in $Servers) {
    Write-Host ('IIS of ' + $One)
    $File = 'servers/' + $One + '/applicationHost.config'
    try {
        if ($One -notmatch '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+\z') {
            throw 'this is no fully qualified domain name'
        }
        Write-Bytes $File ([System.Convert]::FromBase64String((Get-IisConfigurationOf $One)))
    } catch {
        Add-Unread $File (Get-ErrorWords $_)
    }
}

# The time is that of the beginning: nothing in the folder is older. It is written last: it says that the rest stands.
$Asked = @{ servers = $Servers; accounts = $Accounts; servicePrincipalNames = $Spns }
$Description = @{ formatVersion = '1.0'; collectedAt = (ConvertTo-Moment $Begun); tool = '@TOOL@'; askedFor = $Asked }
if ($Product) {
    $Description.product = $Product
}
if ($Unread.Count -gt 0) {
    $Description.unread = $Unread
}
Write-Json 'snapshot.json' $Description
if ($Unread.Count -gt 0) {
    Write-Host ([string]$Unread.Count + ' could not be read:')
    foreach ($One in $Unread) {
        Write-Host ('  ' + $One.file + ': ' + $One.why)
    }
    exit 5
}
Write-Host ('all of it is in ' + $Out)
