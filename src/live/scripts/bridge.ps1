# The far end of the bridge: reads requests from standard input, one a line, runs what is on its list, and writes the
# replies to standard output, each behind the marker that it was given.
#
# Windows PowerShell 3.0 to 5.1, and PowerShell 7. Printable ASCII. Started with -NonInteractive, so that whatever
# would ask somebody fails instead. No request carries code: it names an entry of the lists below and gives texts,
# which are passed as arguments and nothing else.
param([string]$Marker)

# What is done for a request. It stands by itself, since it is also sent as a whole into a session on another computer;
# the line of the request is then its argument. Without a line it only defines its functions.
$Worker = {
    param([string]$Line)

    Set-StrictMode -Version 2.0
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'

    # Cmdlets of the product, each with the parameters that its page has and that this program uses.
    $Cmdlets = @{
        'New-CsKerberosAccount'                  = @('UserAccount', 'ContainerDN', 'Report', 'WhatIf', 'Confirm')
        'New-CsKerberosAccountAssignment'        = @('Identity', 'UserAccount', 'WhatIf', 'Confirm')
        'Set-CsKerberosAccountAssignment'        = @('Identity', 'UserAccount', 'WhatIf', 'Confirm')
        'Remove-CsKerberosAccountAssignment'     = @('Identity', 'WhatIf', 'Confirm')
        'Set-CsKerberosAccountPassword'          = @('UserAccount', 'FromComputer', 'ToComputer', 'Report', 'WhatIf', 'Confirm')
        'Enable-CsTopology'                      = @('Report', 'WhatIf', 'Confirm')
        'Test-CsKerberosAccountAssignment'       = @('Identity', 'Report', 'Verbose')
        'Get-CsTopology'                         = @('AsXml')
        'Get-CsKerberosAccountAssignment'        = @()
        'Get-CsManagementStoreReplicationStatus' = @()
        'Get-CsWebServiceConfiguration'          = @()
    }

    # What this script does by itself, each with its arguments.
    $Functions = @{
        'host'                = @()
        'identity'            = @()
        'reach'               = @('Server')
        'setspn'              = @('Operation', 'Spn', 'Account')
        'set-authentication'  = @('Location', 'enabled', 'useKernelMode', 'useAppPoolCredentials', 'providers', 'extendedProtection')
        'read-authentication' = @('Location')
        'iis-configuration'   = @()
        'account'             = @('Domain', 'Name')
        'holders'             = @('Spn')
        'directory'           = @('Domain')
    }

    # ---- What reads ------------------------------------------------------------------------------------------------
    # The functions of collect.ps1, put here before it is sent.

#COLLECT#

    # ---- Requests ---------------------------------------------------------------------------------------------------

    # A text begins with the sign =, so that nothing takes it for a date.
    function Read-Text($Value) {
        if (-not ($Value -is [string]) -or -not $Value.StartsWith('=', [System.StringComparison]::Ordinal)) {
            throw (New-Failure 'cskerb.BadRequest' 'InvalidData' 'an argument is neither a marked text nor true or false')
        }
        return $Value.Substring(1)
    }

    # The arguments as a table to splat: only those that are on the list.
    function Read-Arguments($Request, $Allowed) {
        $Arguments = @{}
        foreach ($Property in @($Request.arguments.PSObject.Properties)) {
            if ($Allowed -cnotcontains $Property.Name) {
                throw (New-Failure 'cskerb.BadRequest' 'InvalidData' ('there is no parameter ' + $Property.Name))
            }
            if ($Property.Value -is [bool]) {
                $Arguments[$Property.Name] = $Property.Value
            } elseif ($Property.Value -is [System.Collections.IList]) {
                $Texts = New-Object System.Collections.ArrayList
                foreach ($Item in $Property.Value) {
                    [void]$Texts.Add((Read-Text $Item))
                }
                $Arguments[$Property.Name] = [string[]]$Texts.ToArray()
            } else {
                $Arguments[$Property.Name] = Read-Text $Property.Value
            }
        }
        return $Arguments
    }

    # ---- Cmdlets of the product -------------------------------------------------------------------------------------

    # The command of the product's own module, wherever that is installed.
    function Get-ProductCommand([string]$Name) {
        $Loaded = @(Get-Module -Name SkypeForBusiness, Lync)
        if ($Loaded.Count -eq 0) {
            $List = @{ ListAvailable = $true; Name = @('SkypeForBusiness', 'Lync') }
            $Import = @{}
            $OnWindows = [System.Environment]::OSVersion.Platform -eq [System.PlatformID]::Win32NT
            if ($PSVersionTable.PSVersion.Major -ge 7 -and $OnWindows) {
                $List.SkipEditionCheck = $true
                $Import.UseWindowsPowerShell = $true
            }
            $Found = @(Get-Module @List)
            if ($Found.Count -eq 0) {
                throw (New-Failure 'cskerb.ModuleMissing' 'ObjectNotFound' 'neither the module SkypeForBusiness nor Lync is installed here')
            }
            Import-Module -Name $Found[0].Name -Global -WarningAction SilentlyContinue @Import
            $Loaded = @(Get-Module -Name SkypeForBusiness, Lync)
        }
        $Commands = @(Get-Command -Name $Name -Module $Loaded[0].Name -ErrorAction SilentlyContinue)
        if ($Commands.Count -eq 0) {
            throw (New-Failure 'cskerb.CmdletMissing' 'ObjectNotFound' ('the module ' + $Loaded[0].Name + ' has no ' + $Name))
        }
        return $Commands[0]
    }

    # Sorts what a cmdlet writes, of whatever stream. What came from another process is of a kind of its own, derived from
    # the one that is asked for here; that of information is not there before 5.0.
    function Add-Record($Answer, $Output, $Record) {
        if ($null -eq $Record) {
            return
        }
        if ($Record -is [System.Management.Automation.ErrorRecord]) {
            [void]$Answer.errors.Add((ConvertFrom-ErrorRecord $Record))
        } elseif ($Record -is [System.Management.Automation.WarningRecord]) {
            [void]$Answer.warnings.Add((Limit-Text $Record.Message))
        } elseif ($Record -is [System.Management.Automation.VerboseRecord]) {
            [void]$Answer.remarks.Add((Limit-Text $Record.Message))
        } elseif ($Record -is [System.Management.Automation.DebugRecord]) {
            return
        } elseif ($Record.GetType().Name.EndsWith('InformationRecord', [System.StringComparison]::Ordinal)) {
            [void]$Answer.remarks.Add((Limit-Text ([string]$Record.MessageData)))
        } else {
            [void]$Output.Add($Record)
        }
    }

    # Takes the report over and leaves nothing behind. A warning that says where it is has its name only: it will be kept
    # somewhere else.
    function Add-Report($Answer, [string]$Folder, [string]$Path) {
        $Place = $Folder + [System.IO.Path]::DirectorySeparatorChar
        for ($At = 0; $At -lt $Answer.warnings.Count; $At++) {
            $Answer.warnings[$At] = ([string]$Answer.warnings[$At]).Replace($Place, '')
        }
        try {
            if (-not [System.IO.File]::Exists($Path)) {
                $Answer.reportMissing = 'the cmdlet wrote none'
            } elseif ((New-Object System.IO.FileInfo -ArgumentList $Path).Length -gt 16777216) {
                $Answer.reportMissing = 'it is larger than 16 MB'
            } else {
                $Answer.report = [System.Convert]::ToBase64String([System.IO.File]::ReadAllBytes($Path))
            }
        } catch {
            $Answer.reportMissing = $_.Exception.Message
        }
        try {
            [System.IO.Directory]::Delete($Folder, $true)
        } catch {
            [void]$Answer.warnings.Add('the folder ' + $Folder + ' could not be removed: ' + $_.Exception.Message)
        }
    }

    function Invoke-Product($Answer, [string]$Name, $Arguments, [string]$ReportName) {
        $Command = Get-ProductCommand $Name
        $Output = New-Object System.Collections.ArrayList
        $Folder = $null
        if ($ReportName) {
            $Folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), 'cskerb-' + [System.Guid]::NewGuid().ToString('N'))
            [void][System.IO.Directory]::CreateDirectory($Folder)
            $Arguments.Report = [System.IO.Path]::Combine($Folder, $ReportName)
        }
        $Answer.ended = 'threw'
        try {
            # An error that ends nothing is one line of the answer. A function, as which PowerShell 7 has the cmdlets of
            # Windows PowerShell, goes by its parameter, and by no variable of ours.
            $ErrorActionPreference = 'Continue'
            & $Command @Arguments -ErrorAction Continue *>&1 | ForEach-Object { Add-Record $Answer $Output $_ }
        } finally {
            $ErrorActionPreference = 'Stop'
            if ($ReportName) {
                Add-Report $Answer $Folder $Arguments.Report
            }
        }
        Set-Output $Answer $Name $Output
    }

    # ---- This computer ----------------------------------------------------------------------------------------------

    # What is installed, by the list of programs: the module's own version does not tell the product.
    function Get-InstalledProduct {
        $List = New-Object System.Collections.ArrayList
        $Uninstall = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall'
        if (Test-Path -LiteralPath $Uninstall) {
            # An entry that may not be read is not ours.
            foreach ($Entry in @(Get-ChildItem -LiteralPath $Uninstall -ErrorAction SilentlyContinue)) {
                $Name = [string]$Entry.GetValue('DisplayName')
                if ($Name -match '^(Microsoft Lync Server|Skype for Business Server) [^,]*, Core Components') {
                    [void]$List.Add(@{ name = $Name; version = [string]$Entry.GetValue('DisplayVersion') })
                }
            }
        }
        return , $List
    }

    function Get-AdministrationPath {
        return [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'inetsrv\Microsoft.Web.Administration.dll')
    }

    function Get-HostFact {
        $List = @{ ListAvailable = $true; Name = @('SkypeForBusiness', 'Lync') }
        if ($PSVersionTable.PSVersion.Major -ge 7) {
            $List.SkipEditionCheck = $true
        }
        $Modules = New-Object System.Collections.ArrayList
        foreach ($Module in @(Get-Module @List)) {
            [void]$Modules.Add(@{ name = $Module.Name; version = [string]$Module.Version })
        }
        return @{
            fqdn       = Get-HostFqdn
            powerShell = [string]$PSVersionTable.PSVersion
            modules    = $Modules
            products   = Get-InstalledProduct
            iis        = [System.IO.File]::Exists((Get-AdministrationPath))
            now        = ConvertTo-Moment ([datetime]::UtcNow)
        }
    }

    # Which servers are there: what the cmdlets themselves need of one is documented nowhere, so any port that such a
    # server has will do.
    function Get-ReachFact($Arguments) {
        return , (Get-Reach $Arguments.Server @(443, 5985, 135, 445))
    }

    # ---- IIS --------------------------------------------------------------------------------------------------------

    $AuthenticationSection = 'system.webServer/security/authentication/windowsAuthentication'

    # IIS' own programming interface; the site must be there, since a location of nothing would be written too.
    function Open-ServerManager([string]$Location) {
        if ([System.IntPtr]::Size -eq 4 -and [System.Environment]::Is64BitOperatingSystem) {
            # It would be shown, and change, a configuration that IIS does not read.
            throw (New-Failure 'cskerb.WrongProcess' 'InvalidOperation' 'this PowerShell is one of 32 bits on a Windows of 64')
        }
        $Path = Get-AdministrationPath
        if (-not [System.IO.File]::Exists($Path)) {
            throw (New-Failure 'cskerb.IisMissing' 'ObjectNotFound' 'IIS is not installed here, or its management is not')
        }
        Add-Type -Path $Path
        $Manager = New-Object Microsoft.Web.Administration.ServerManager
        $Site = $Location.Split('/')[0]
        if ($null -eq $Manager.Sites[$Site]) {
            $Manager.Dispose()
            throw (New-Failure 'cskerb.SiteMissing' 'ObjectNotFound' ('IIS has no site ' + $Site))
        }
        return $Manager
    }

    function Set-Authentication($Answer, $Arguments) {
        $Manager = Open-ServerManager $Arguments.Location
        try {
            $Section = $Manager.GetApplicationHostConfiguration().GetSection($AuthenticationSection, $Arguments.Location)
            foreach ($Name in 'enabled', 'useKernelMode', 'useAppPoolCredentials') {
                if ($Arguments.ContainsKey($Name)) {
                    $Section.SetAttributeValue($Name, [bool]$Arguments[$Name])
                }
            }
            if ($Arguments.ContainsKey('extendedProtection')) {
                $Section.GetChildElement('extendedProtection').SetAttributeValue('tokenChecking', $Arguments.extendedProtection)
            }
            if ($Arguments.ContainsKey('providers')) {
                $Providers = $Section.GetCollection('providers')
                $Providers.Clear()
                foreach ($Provider in $Arguments.providers) {
                    $Element = $Providers.CreateElement('add')
                    $Element.SetAttributeValue('value', $Provider)
                    [void]$Providers.Add($Element)
                }
            }
            $Answer.ended = 'threw'
            $Manager.CommitChanges()
        } catch {
            $Inner = $_.Exception.GetBaseException()
            if ($Inner -is [System.IO.FileLoadException]) {
                # Somebody else has written the file since it was read, or writes it now: nothing of ours is in it.
                throw (New-Failure 'cskerb.ConfigurationChanged' 'ResourceBusy' $Inner.Message)
            }
            throw
        } finally {
            $Manager.Dispose()
        }
    }

    function Get-Authentication($Arguments) {
        $Manager = Open-ServerManager $Arguments.Location
        try {
            $Section = $Manager.GetApplicationHostConfiguration().GetSection($AuthenticationSection, $Arguments.Location)
            $Providers = New-Object System.Collections.ArrayList
            foreach ($Element in $Section.GetCollection('providers')) {
                [void]$Providers.Add([string]$Element.GetAttributeValue('value'))
            }
            $Checking = [string]$Section.GetChildElement('extendedProtection').GetAttributeValue('tokenChecking')
            switch ($Checking) {
                '0' { $Checking = 'None' }
                '1' { $Checking = 'Allow' }
                '2' { $Checking = 'Require' }
            }
            return @{
                enabled               = [bool]$Section.GetAttributeValue('enabled')
                useKernelMode         = [bool]$Section.GetAttributeValue('useKernelMode')
                useAppPoolCredentials = [bool]$Section.GetAttributeValue('useAppPoolCredentials')
                providers             = $Providers
                extendedProtection    = $Checking
            }
        } finally {
            $Manager.Dispose()
        }
    }

    # ---- Active Directory -------------------------------------------------------------------------------------------

    # The program takes its arguments apart by itself: what it could take for two of them, or for a switch, is refused.
    function Invoke-SetSpn($Answer, $Arguments) {
        foreach ($Text in $Arguments.Spn, $Arguments.Account) {
            if ($Text -match '[\s"\x00-\x1F\x7F]' -or $Text -match '^[-/]' -or $Text -match '\\$' -or $Text.Length -eq 0) {
                throw (New-Failure 'cskerb.BadRequest' 'InvalidData' ('setspn.exe cannot be given ' + $Text + ' as one argument'))
            }
        }
        if ($Arguments.Operation -ceq 'add') {
            $Verb = '-S'
        } elseif ($Arguments.Operation -ceq 'remove') {
            $Verb = '-D'
        } else {
            throw (New-Failure 'cskerb.BadRequest' 'InvalidData' 'setspn.exe adds or removes')
        }
        $Start = New-Object System.Diagnostics.ProcessStartInfo
        $Start.FileName = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'setspn.exe')
        $Start.Arguments = $Verb + ' ' + $Arguments.Spn + ' ' + $Arguments.Account
        $Start.UseShellExecute = $false
        $Start.CreateNoWindow = $true
        $Start.RedirectStandardInput = $true # or it would read the requests
        $Start.RedirectStandardOutput = $true
        $Start.RedirectStandardError = $true
        $Answer.ended = 'threw'
        $Process = [System.Diagnostics.Process]::Start($Start)
        $Process.StandardInput.Close()
        $Said = $Process.StandardOutput.ReadToEnd() + $Process.StandardError.ReadToEnd() # it says little
        $Process.WaitForExit()
        if ($Process.ExitCode -ne 0) {
            throw (New-Failure ('cskerb.SetSpnFailed.' + $Process.ExitCode) 'NotSpecified' $Said.Trim())
        }
        [void]$Answer.remarks.Add((Limit-Text $Said.Trim()))
    }

    # ---- One request ------------------------------------------------------------------------------------------------

    function Invoke-Function($Answer, [string]$Name, $Arguments) {
        switch -CaseSensitive -Exact ($Name) {
            'host' { $Answer.output = Get-HostFact }
            'identity' { $Answer.output = Get-IdentityFact }
            'reach' { $Answer.output = Get-ReachFact $Arguments }
            'setspn' { Invoke-SetSpn $Answer $Arguments }
            'set-authentication' { Set-Authentication $Answer $Arguments }
            'read-authentication' { $Answer.output = Get-Authentication $Arguments }
            'iis-configuration' { $Answer.output = Get-IisConfiguration }
            'account' { $Answer.output = Get-AccountFact $Arguments }
            'holders' { $Answer.output = Get-HolderFact $Arguments }
            'directory' { $Answer.output = Get-DirectoryFact $Arguments }
        }
    }

    function New-Answer {
        return @{
            id            = 0
            ended         = 'refused' # until something is called
            output        = $null
            errors        = (New-Object System.Collections.ArrayList)
            warnings      = (New-Object System.Collections.ArrayList)
            remarks       = (New-Object System.Collections.ArrayList)
            report        = $null
            reportMissing = $null
            milliseconds  = 0
        }
    }

    # Names are compared with those of the lists, and the list's own text is used from there on.
    function Find-Name($Table, [string]$Name) {
        foreach ($Key in @($Table.Keys)) {
            if ($Key -ceq $Name) {
                return $Key
            }
        }
        return $null
    }

    function Invoke-Request([string]$Line) {
        $Clock = [System.Diagnostics.Stopwatch]::StartNew()
        $Answer = New-Answer
        try {
            $Request = ConvertFrom-Json -InputObject $Line
            $Answer.id = [long]$Request.id
            $ReportName = ''
            if ($Request.PSObject.Properties['report']) {
                $ReportName = Read-Text $Request.report
                if ($ReportName -cnotmatch '^[A-Za-z0-9][A-Za-z0-9._-]{0,119}\z') {
                    throw (New-Failure 'cskerb.BadRequest' 'InvalidData' 'that is no name of a report')
                }
            }
            $Cmdlet = Find-Name $Cmdlets $Request.call
            $Function = Find-Name $Functions $Request.call
            if ($Cmdlet) {
                if ($ReportName -and $Cmdlets[$Cmdlet] -cnotcontains 'Report') {
                    throw (New-Failure 'cskerb.BadRequest' 'InvalidData' ($Cmdlet + ' writes no report'))
                }
                $Arguments = Read-Arguments $Request $Cmdlets[$Cmdlet]
                Invoke-Product $Answer $Cmdlet $Arguments $ReportName
            } elseif ($Function) {
                $Arguments = Read-Arguments $Request $Functions[$Function]
                if ('setspn', 'set-authentication' -cnotcontains $Function) {
                    $Answer.ended = 'threw'
                }
                Invoke-Function $Answer $Function $Arguments
            } else {
                throw (New-Failure 'cskerb.BadRequest' 'InvalidData' 'that is not on the list')
            }
            $Answer.ended = 'completed'
        } catch {
            [void]$Answer.errors.Add((ConvertFrom-ErrorRecord $_))
        }
        $Answer.milliseconds = $Clock.ElapsedMilliseconds
        return (ConvertTo-JsonText $Answer)
    }

    if ($Line) {
        Invoke-Request $Line
    }
}

. $Worker ''

# ---- The session on another computer --------------------------------------------------------------------------------

# In a table: a script that is run out of memory has no scope of its own that its functions could set.
$State = @{ Session = $null }

# Opens a session. The names are tried in turn: a server whose own HTTP SPN is on the Kerberos account does not answer
# to its FQDN, but to its short name or with the port in the SPN.
function Connect-Place($Arguments) {
    $Last = $null
    foreach ($Address in $Arguments.Address) {
        $Connect = @{ ComputerName = $Address.TrimEnd('+'); ErrorAction = 'Stop' }
        $Options = @{ OpenTimeout = 60000; NoMachineProfile = $true }
        if ($Address.EndsWith('+', [System.StringComparison]::Ordinal)) {
            $Options.IncludePortInSPN = $true
        }
        if ($Arguments.ContainsKey('CredentialFile')) {
            $Connect.Credential = Import-Clixml -LiteralPath $Arguments.CredentialFile
            $Connect.Authentication = 'Credssp'
        }
        $Connect.SessionOption = New-PSSessionOption @Options
        $Opened = $null
        try {
            $Opened = New-PSSession @Connect
            $Version = Invoke-Command -Session $Opened -ScriptBlock { $PSVersionTable.PSVersion.Major }
            if ([int]$Version -lt 3) {
                throw (New-Failure 'cskerb.OldPowerShell' 'NotImplemented' 'it has Windows PowerShell 2.0; 3.0 or later is needed')
            }
            return $Opened
        } catch {
            $Last = $_
            if ($null -ne $Opened) {
                Remove-PSSession -Session $Opened -ErrorAction SilentlyContinue
            }
        }
    }
    throw $Last
}

function Invoke-Connect([string]$Line) {
    $Clock = [System.Diagnostics.Stopwatch]::StartNew()
    $Answer = New-Answer
    try {
        $Request = ConvertFrom-Json -InputObject $Line
        $Answer.id = [long]$Request.id
        $Arguments = Read-Arguments $Request @('Address', 'CredentialFile')
        $Answer.ended = 'unreachable'
        $State.Session = Connect-Place $Arguments
        $Fqdn = Invoke-Command -Session $State.Session -ScriptBlock ([scriptblock]::Create(${function:Get-HostFqdn}.ToString()))
        $Answer.output = @{ fqdn = [string]$Fqdn }
        $Answer.ended = 'completed'
    } catch {
        [void]$Answer.errors.Add((ConvertFrom-ErrorRecord $_))
    }
    $Answer.milliseconds = $Clock.ElapsedMilliseconds
    return (ConvertTo-JsonText $Answer)
}

# The worker with a scope of its own: what a session is given runs in its outermost one, which is that of the product's
# module too. Our preferences are not for that.
$Sent = [scriptblock]::Create("param([string]`$Line)`n& {`n" + $Worker.ToString() + "`n} `$Line")

# A request that is carried out in the session. Where that breaks off, nobody knows what was done.
function Invoke-Remote([string]$Line) {
    try {
        $Replies = @(Invoke-Command -Session $State.Session -ScriptBlock $Sent -ArgumentList $Line -ErrorAction Stop)
        return [string]$Replies[$Replies.Count - 1]
    } catch {
        $Answer = New-Answer
        $Answer.id = [long](ConvertFrom-Json -InputObject $Line).id
        $Answer.ended = 'lost'
        [void]$Answer.errors.Add((ConvertFrom-ErrorRecord $_))
        return (ConvertTo-JsonText $Answer)
    }
}

# ---- The loop -------------------------------------------------------------------------------------------------------

# An empty line before, so that what something else has written does not hide the marker.
function Write-Line([string]$Json) {
    [System.Console]::Out.Write("`n" + $Marker + ' ' + $Json + "`n")
    [System.Console]::Out.Flush()
}

# What others write, as -WhatIf does, arrives with all its letters, whatever the code page is.
try {
    [System.Console]::OutputEncoding = New-Object System.Text.UTF8Encoding($false)
} catch {
    # There is no console: it stays as it is.
}
Write-Line (ConvertTo-JsonText @{
        protocol   = 1
        powerShell = [string]$PSVersionTable.PSVersion
        fqdn       = Get-HostFqdn
        process    = $PID
    })
try {
    while ($true) {
        $Next = [System.Console]::In.ReadLine()
        if ($null -eq $Next) {
            break
        }
        if ($Next.Length -eq 0) {
            continue
        }
        if ($Next.Length -gt 1048576) {
            throw 'a request is longer than any request'
        }
        if ($Next -cmatch '^\{"id":[0-9]+,"call":"connect",') {
            Write-Line (Invoke-Connect $Next)
        } elseif ($null -ne $State.Session) {
            Write-Line (Invoke-Remote $Next)
        } else {
            Write-Line (Invoke-Request $Next)
        }
    }
} finally {
    if ($null -ne $State.Session) {
        Remove-PSSession -Session $State.Session
    }
}
