# Reads facts and judges none. One source: the bridge runs these functions for requests, and the script that a person runs
# by hand has them too.
#
# Windows PowerShell 2.0 to 5.1 (Lync Server 2010 has 2.0), and PowerShell 7. Printable ASCII. Everything stands by
# itself, since it is also sent as a whole to another computer.

# ---- JSON ----
# ConvertTo-Json differs between versions, ends at a depth, and leaves letters that are not ASCII as they are.

function ConvertTo-JsonString([string]$Text) {
    $Escaped = $Text.Replace('\', '\\').Replace('"', '\"').Replace("`r", '\r').Replace("`n", '\n').Replace("`t", '\t')
    if ($Escaped -cmatch '[^\x20-\x7E]') {
        # Half of a pair of surrogates, with which a text that was cut may end, is no JSON: UTF-8 has none.
        $Escaped = [System.Text.Encoding]::UTF8.GetString([System.Text.Encoding]::UTF8.GetBytes($Escaped))
        $Escaped = [regex]::Replace($Escaped, '[^\x20-\x7E]', { param($Match) '\u{0:x4}' -f [int][char]$Match.Value })
    }
    return '"' + $Escaped + '"'
}

function ConvertTo-JsonText($Value) {
    if ($null -eq $Value) {
        return 'null'
    }
    if ($Value -is [bool]) {
        if ($Value) { return 'true' } else { return 'false' }
    }
    if ($Value -is [int] -or $Value -is [long] -or $Value -is [uint32]) {
        return $Value.ToString([System.Globalization.CultureInfo]::InvariantCulture)
    }
    $Parts = New-Object System.Collections.ArrayList
    if ($Value -is [System.Collections.IDictionary]) {
        foreach ($Key in @($Value.Keys)) {
            [void]$Parts.Add((ConvertTo-JsonString $Key) + ':' + (ConvertTo-JsonText $Value[$Key]))
        }
        return '{' + ($Parts.ToArray() -join ',') + '}'
    }
    if ($Value -is [System.Collections.IList]) {
        foreach ($Item in $Value) {
            [void]$Parts.Add((ConvertTo-JsonText $Item))
        }
        return '[' + ($Parts.ToArray() -join ',') + ']'
    }
    return (ConvertTo-JsonString ([string]$Value))
}

# RFC 3339 in UTC; null for none, and for what stands for none. A time of no kind is one of this computer.
function ConvertTo-Moment($Time) {
    if ($null -eq $Time -or -not ($Time -is [datetime]) -or $Time.Year -lt 1980 -or $Time.Year -gt 9000) {
        return $null
    }
    return $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
}

# ---- Errors ----

function Limit-Text([string]$Text) {
    if ($Text.Length -gt 8000) {
        return $Text.Substring(0, 8000) + '...'
    }
    return $Text
}

# The code of the innermost exception that has one of its own, not one of .NET, as HRESULT.
function Get-Code($Exception) {
    # Public from .NET 4.5 on. Marshal.GetHRForException would leave its mark on the thread, by which the next call of COM
    # that fails is told.
    $HResult = [System.Exception].GetProperty('HResult', [System.Reflection.BindingFlags]'Instance, Public, NonPublic')
    $Code = $null
    $Inner = $Exception
    while ($null -ne $Inner) {
        $Own = $HResult.GetValue($Inner, $null)
        foreach ($Name in 'ErrorCode', 'NativeErrorCode') {
            $Property = $Inner.PSObject.Properties[$Name]
            if ($null -ne $Property -and $Property.Value -is [int] -and $Property.Value -ne 0) {
                $Own = $Property.Value
            }
        }
        $Unsigned = [System.BitConverter]::ToUInt32([System.BitConverter]::GetBytes([int]$Own), 0)
        if ($Unsigned -gt 0 -and $Unsigned -lt 65536) {
            $Unsigned = [uint32](2147942400 + $Unsigned) # one of Windows, as WinRM has 5: HRESULT_FROM_WIN32
        }
        if ($Unsigned -ne 0 -and -not $Unsigned.ToString('X8').StartsWith('8013', [System.StringComparison]::Ordinal)) {
            $Code = $Unsigned
        }
        $Inner = $Inner.InnerException
    }
    # WinRM has one code of its own for all that can be wrong with Kerberos; which it was, only its message says.
    $Vague = $null -eq $Code -or $Code.ToString('X8').StartsWith('8033', [System.StringComparison]::Ordinal)
    if ($Vague -and $null -ne $Exception -and $Exception.Message -match '0x(8[0-9a-fA-F]{7})') {
        $Code = [System.Convert]::ToUInt32($Matches[1], 16)
    }
    return $Code
}

function ConvertFrom-ErrorRecord($Record) {
    $Told = @{ id = [string]$Record.FullyQualifiedErrorId; category = [string]$Record.CategoryInfo.Category }
    $Message = [string]$Record # what a person would see
    $Told.target = $null
    $Told.exception = $null
    $Told.hresult = $null
    if ($null -ne $Record.TargetObject) {
        $Told.target = Limit-Text (Remove-Secret ([string]$Record.TargetObject))
    }
    if ($null -ne $Record.Exception) {
        $Thrown = [string]$Record.Exception.Message
        if ($Message.IndexOf($Thrown, [System.StringComparison]::Ordinal) -lt 0) {
            $Message = $Thrown + ' ' + $Message # a cmdlet may show other words than those of its exception
        }
        $Told.exception = $Record.Exception.GetType().FullName
        $Told.hresult = Get-Code $Record.Exception
    }
    $Told.message = Limit-Text (Remove-Secret $Message)
    return $Told
}

# An error of this script's own.
function New-Failure([string]$Id, [string]$Category, [string]$Message) {
    $Exception = New-Object System.InvalidOperationException($Message)
    return (New-Object System.Management.Automation.ErrorRecord($Exception, $Id, $Category, $null))
}

# ---- Secrets ----

# What is written before a secret, and what is secret in a text, found without regard to case; the three groups of each
# pattern stay. These are the very patterns by which cskerb looks for secrets again wherever such a text arrives.
$SecretNames = ('password|passwd|passphrase|pwd|secret|sessionKey|validationKey|decryptionKey|' +
    'accessKey|accountKey|apiKey|connectionString')
$SecretPatterns = @(
    '()\[enc:(?:[^"''<>]*?:enc\]|[^"''<>]*)()()'
    '([A-Za-z0-9_.:-]{0,64}NAMES["'']?[ \t\r\n]*[=:][ \t\r\n]*")[^"]*|([A-Za-z0-9_.:-]{0,64}NAMES["'']?[ \t\r\n]*[=:][ \t\r\n]*'')[^'']*|([A-Za-z0-9_.:-]{1,64}[ \t\r\n]*=[ \t\r\n]*(?:"[^"<]*"|''[^''<]*'')[ \t\r\n/>?])'
    '(="[^"<>]*NAMES[ \t]*=[ \t]*'')[^''"<>]*()()'
    '(=''[^''<>]*NAMES[ \t]*=[ \t]*")[^''"<>]*()()'
    '((?:NAMES|token|credential|authorization|cookie|api-key)[A-Za-z0-9_.-]*["''][ \t\r\n]+value[ \t\r\n]*=[ \t\r\n]*")[^"]*()()'
    '((?:NAMES|token|credential|authorization|cookie|api-key)[A-Za-z0-9_.-]*["''][ \t\r\n]+value[ \t\r\n]*=[ \t\r\n]*'')[^'']*()()'
    '([ \t\r\n]value[ \t\r\n]*=[ \t\r\n]*")[^"]*("[ \t\r\n]+(?:name|key)[ \t\r\n]*=[ \t\r\n]*["''][^"''<>]*(?:NAMES|token|credential|authorization|cookie|api-key))()'
    '([ \t\r\n]value[ \t\r\n]*=[ \t\r\n]*'')[^'']*(''[ \t\r\n]+(?:name|key)[ \t\r\n]*=[ \t\r\n]*["''][^"''<>]*(?:NAMES|token|credential|authorization|cookie|api-key))()'
    '(NAMES[ \t]*[=:][ \t]*)(?:&#?[A-Za-z0-9]+;|[^"''<>;\r\n])*?(-->|["''<>;\r\n]|\z)()'
    '(<[A-Za-z0-9_.:-]*NAMES(?:[ \t\r\n](?:[^<>]*[^<>/])?)?>)[^<]*()()'
    '(<[A-Za-z0-9_.:-]*NAMES(?:[ \t\r\n](?:[^<>]*[^<>/])?)?>[ \t\r\n]*<!\[CDATA\[)(?:[^\]]|\][^\]])*()()'
    '([ \t](?:-|/)NAMES[ \t]+")[^"]*()()'
    '([ \t](?:-|/)NAMES[ \t]+'')[^'']*()()'
    '(://[^/?#"''<>@: \t\r\n]*:)[^/?#"''<>@ \t\r\n]*(@)()'
)

# The text with every secret replaced by nothing. What is left around one may be another, so it is looked at until
# nothing is found.
function Remove-Secret([string]$Text) {
    $Options = [System.Text.RegularExpressions.RegexOptions]'IgnoreCase, CultureInvariant'
    do {
        $Length = $Text.Length
        foreach ($Pattern in $SecretPatterns) {
            $Whole = $Pattern.Replace('NAMES', '(?:' + $SecretNames + ')')
            $Text = [regex]::Replace($Text, $Whole, '${1}${2}${3}', $Options)
        }
    } while ($Text.Length -ne $Length)
    return $Text
}

# ---- Cmdlets of the product ----

# The property as text; null where there is none.
function Get-Text($Object, [string]$Name) {
    $Property = $Object.PSObject.Properties[$Name]
    if ($null -eq $Property -or $null -eq $Property.Value) {
        return $null
    }
    return [string]$Property.Value
}

function Get-Time($Object, [string]$Name) {
    $Property = $Object.PSObject.Properties[$Name]
    if ($null -eq $Property) {
        return $null
    }
    return (ConvertTo-Moment $Property.Value)
}

# What is sent of the output, as a table or a list; nothing of what changes.
function Set-Output($Answer, [string]$Name, $Output) {
    $List = New-Object System.Collections.ArrayList
    switch ($Name) {
        'Get-CsTopology' {
            foreach ($Item in $Output) {
                if ($Item -is [System.Xml.XmlNode]) {
                    [void]$List.Add($Item.OuterXml)
                } else {
                    [void]$List.Add([string]$Item)
                }
            }
            $Answer.output = @{ xml = ($List.ToArray() -join "`n") }
            return
        }
        'Get-CsKerberosAccountAssignment' {
            foreach ($Item in $Output) {
                [void]$List.Add(@{ identity = (Get-Text $Item 'Identity'); userAccount = (Get-Text $Item 'UserAccount') })
            }
        }
        'Get-CsManagementStoreReplicationStatus' {
            foreach ($Item in $Output) {
                $Replica = @{ replica = (Get-Text $Item 'ReplicaFqdn'); upToDate = ((Get-Text $Item 'UpToDate') -eq 'True') }
                $Replica.reportedAt = Get-Time $Item 'LastStatusReport'
                $Replica.updatedAt = Get-Time $Item 'LastUpdateCreation'
                [void]$List.Add($Replica)
            }
        }
        'Get-CsWebServiceConfiguration' {
            foreach ($Item in $Output) {
                [void]$List.Add(@{ identity = (Get-Text $Item 'Identity'); useWindowsAuth = (Get-Text $Item 'UseWindowsAuth') })
            }
        }
        default { return }
    }
    $Answer.output = $List
}

# ---- This computer ----

function Get-HostFqdn {
    $Network = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    if ($Network.DomainName) {
        return $Network.HostName + '.' + $Network.DomainName
    }
    return $Network.HostName
}

# The bytes of a file that somebody may be writing.
function Read-FileBytes([string]$Path) {
    $Share = [System.IO.FileShare]'ReadWrite, Delete'
    $File = New-Object System.IO.FileStream($Path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, $Share)
    try {
        $Bytes = New-Object byte[] $File.Length
        $Done = 0
        while ($Done -lt $Bytes.Length) {
            $Count = $File.Read($Bytes, $Done, $Bytes.Length - $Done)
            if ($Count -eq 0) {
                throw ('only ' + $Done + ' of ' + $Bytes.Length + ' bytes of ' + $Path + ' could be read')
            }
            $Done += $Count
        }
        return , $Bytes
    } finally {
        $File.Dispose()
    }
}

# The encoding that keeps every byte of these: UTF-16 where they are, else one character for each byte, since nothing
# that is looked for is anything but ASCII.
function Get-KeepingEncoding([byte[]]$Bytes) {
    $Marked = $Bytes.Length -ge 2
    if ($Marked -and $Bytes[0] -eq 0xFE -and $Bytes[1] -eq 0xFF) {
        return New-Object System.Text.UnicodeEncoding($true, $false, $true)
    }
    $Little = $Marked -and $Bytes[0] -eq 0xFF -and $Bytes[1] -eq 0xFE
    if (-not $Little -and $Bytes.Length -ge 8) {
        $Little = $true
        for ($At = 0; $At -lt 8; $At += 2) {
            $Little = $Little -and $Bytes[$At] -ne 0 -and $Bytes[$At + 1] -eq 0
        }
    }
    if ($Little) {
        return New-Object System.Text.UnicodeEncoding($false, $false, $true)
    }
    return [System.Text.Encoding]::GetEncoding(28591)
}

# The bytes of applicationHost.config of this computer without what is secret, in Base64. The text is looked at, not its
# elements, so that comments and files that are not well-formed are stripped too.
function Get-IisConfiguration {
    # Only under this name does a process of 32 bits find the folder of a Windows of 64.
    $System = [System.IO.Path]::Combine([string]$env:SystemRoot, 'Sysnative')
    if (-not [System.IO.Directory]::Exists($System)) {
        $System = [System.Environment]::SystemDirectory
    }
    $Folder = [System.IO.Path]::Combine([System.IO.Path]::Combine($System, 'inetsrv'), 'config')
    $Redirection = [System.IO.Path]::Combine($Folder, 'redirection.config')
    if ([System.IO.File]::Exists($Redirection)) {
        $Text = [System.IO.File]::ReadAllText($Redirection)
        if ($Text -match '<configurationRedirection[^>]*\senabled\s*=\s*["'']true["'']') {
            throw (New-Failure 'cskerb.SharedConfiguration' 'InvalidOperation' 'IIS takes its configuration from a share (redirection.config)')
        }
    }
    $Bytes = Read-FileBytes ([System.IO.Path]::Combine($Folder, 'applicationHost.config'))
    $Encoding = Get-KeepingEncoding $Bytes
    $Text = Remove-Secret ($Encoding.GetString($Bytes))
    return @{ base64 = [System.Convert]::ToBase64String($Encoding.GetBytes($Text)) }
}

# ---- Who runs this ----

# The groups of the token that are in force: those that User Account Control has taken away are not.
function Get-IdentityFact {
    $Identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $Principal = New-Object System.Security.Principal.WindowsPrincipal($Identity)
    $Groups = New-Object System.Collections.ArrayList
    foreach ($Group in $Identity.Groups) {
        $Name = $null
        if ($Group.Value.StartsWith('S-1-5-21-', [System.StringComparison]::Ordinal)) {
            try {
                $Name = $Group.Translate([System.Security.Principal.NTAccount]).Value
            } catch {
                $Name = $null # a group of a domain that does not answer has no name
            }
        }
        [void]$Groups.Add(@{ sid = $Group.Value; name = $Name })
    }
    return @{
        user     = $Identity.Name
        elevated = $Principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
        groups   = $Groups
    }
}

# ---- Other computers ----

# Begins to connect to the ports of a computer.
function Start-Reaching($Told, [string]$Name, [int[]]$Ports, $Tries) {
    try {
        $Addresses = @([System.Net.Dns]::GetHostAddresses($Name))
    } catch {
        $Told.why = 'its name cannot be resolved: ' + $_.Exception.GetBaseException().Message
        return
    }
    $Told.why = 'it does not answer on port ' + ($Ports -join ' or ')
    foreach ($Address in $Addresses) {
        foreach ($Port in $Ports) {
            $Try = @{ told = $Told; socket = $null; begun = $null }
            $Kind = @($Address.AddressFamily, [System.Net.Sockets.SocketType]::Stream, [System.Net.Sockets.ProtocolType]::Tcp)
            try {
                $Try.socket = New-Object System.Net.Sockets.Socket -ArgumentList $Kind
                $Try.begun = $Try.socket.BeginConnect([System.Net.IPAddress]$Address, [int]$Port, $null, $null)
                [void]$Tries.Add($Try)
            } catch {
                if ($null -ne $Try.socket) {
                    $Try.socket.Close() # there is no way from here to such an address
                }
            }
        }
    }
}

# Which computers are there: those that accept or refuse a connection on any of the ports, within five seconds for all.
function Get-Reach([string[]]$Names, [int[]]$Ports) {
    $All = New-Object System.Collections.ArrayList
    $Tries = New-Object System.Collections.ArrayList
    foreach ($Name in $Names) {
        $Told = @{ server = $Name; answers = $false; why = $null }
        [void]$All.Add($Told)
        Start-Reaching $Told $Name $Ports $Tries
    }
    $Clock = [System.Diagnostics.Stopwatch]::StartNew() # not before: a name that nobody knows takes seconds by itself
    foreach ($Try in $Tries) {
        try {
            $Left = [System.Math]::Max(0, 5000 - $Clock.ElapsedMilliseconds)
            if (-not $Try.told.answers -and $Try.begun.AsyncWaitHandle.WaitOne([int]$Left, $false)) {
                $Try.socket.EndConnect($Try.begun)
                $Try.told.answers = $true
            }
        } catch {
            $Inner = $_.Exception.GetBaseException()
            if ($Inner -is [System.Net.Sockets.SocketException] -and [int]$Inner.SocketErrorCode -eq 10061) {
                $Try.told.answers = $true # WSAECONNREFUSED: somebody is there to refuse it
            }
        } finally {
            $Try.socket.Close()
        }
    }
    return , $All
}

# ---- Active Directory ----

# The value of a filter, every byte of it escaped (RFC 4515).
function ConvertTo-FilterValue([string]$Text) {
    $Escaped = New-Object System.Text.StringBuilder
    foreach ($Byte in [System.Text.Encoding]::UTF8.GetBytes($Text)) {
        [void]$Escaped.Append('\' + $Byte.ToString('x2'))
    }
    return $Escaped.ToString()
}

# Where the domains of the forest are listed.
function Get-PartitionsPath {
    $Root = New-Object System.DirectoryServices.DirectoryEntry('LDAP://RootDSE')
    return 'LDAP://CN=Partitions,' + [string]$Root.Properties['configurationNamingContext'][0]
}

# The domain of that NetBIOS name. A context wants its DNS name, which the forest has beside the other; where it has not,
# as of a domain that is only trusted, Windows may find it by the name that there is.
function Get-Domain([string]$Name) {
    $Filter = '(&(objectCategory=crossRef)(nETBIOSName=' + (ConvertTo-FilterValue $Name) + '))'
    $Found = (New-Searcher (Get-PartitionsPath) $Filter @('dnsRoot')).FindOne()
    $Known = $Name
    if ($null -ne $Found) {
        $Known = [string](Get-Value $Found 'dnsRoot')
    }
    $Context = New-Object System.DirectoryServices.ActiveDirectory.DirectoryContext('Domain', $Known)
    return [System.DirectoryServices.ActiveDirectory.Domain]::GetDomain($Context)
}

function Get-DomainDn($Domain) {
    return 'DC=' + ($Domain.Name.Split('.') -join ',DC=')
}

function New-Searcher([string]$Path, [string]$Filter, [string[]]$Properties) {
    $Root = New-Object System.DirectoryServices.DirectoryEntry($Path)
    $Searcher = New-Object System.DirectoryServices.DirectorySearcher($Root, $Filter, $Properties)
    $Searcher.ClientTimeout = New-Object System.TimeSpan(0, 0, 30)
    $Searcher.PageSize = 500
    return $Searcher
}

# The values of an attribute of something found, whose names are kept in lower case.
function Get-Values($Result, [string]$Attribute) {
    $Key = $Attribute.ToLowerInvariant()
    foreach ($Name in $Result.Properties.PropertyNames) {
        if ($Name.StartsWith($Key + ';range=', [System.StringComparison]::Ordinal)) {
            throw ('there are more values of ' + $Attribute + ' than a domain controller gives at once')
        }
    }
    $Values = $Result.Properties[$Key]
    if ($null -eq $Values) {
        return , @()
    }
    return , @($Values)
}

# The first value of the attribute; null where it has none.
function Get-Value($Result, [string]$Attribute) {
    $Values = Get-Values $Result $Attribute
    if ($Values.Length -eq 0) {
        return $null
    }
    return , $Values[0]
}

# A time of Active Directory: 0 and the largest number stand for never. What is later than the year 9000 is no time
# either, and .NET has none for most such numbers.
function ConvertFrom-FileTime($Number) {
    if ($null -eq $Number -or [long]$Number -le 0 -or [long]$Number -gt 2200000000000000000) {
        return $null
    }
    return (ConvertTo-Moment ([datetime]::FromFileTimeUtc([long]$Number)))
}

function ConvertFrom-Account($Result) {
    $Names = New-Object System.Collections.ArrayList
    foreach ($Name in (Get-Values $Result 'servicePrincipalName')) {
        [void]$Names.Add([string]$Name)
    }
    $Control = [int](Get-Value $Result 'userAccountControl')
    return @{
        computer                 = ((Get-Values $Result 'objectClass') -contains 'computer')
        enabled                  = (($Control -band 2) -eq 0)
        expiresAt                = ConvertFrom-FileTime (Get-Value $Result 'accountExpires')
        passwordSetAt            = ConvertFrom-FileTime (Get-Value $Result 'pwdLastSet')
        keyVersion               = Get-Value $Result 'msDS-KeyVersionNumber'
        supportedEncryptionTypes = Get-Value $Result 'msDS-SupportedEncryptionTypes'
        servicePrincipalNames    = $Names
    }
}

# Every domain controller is asked: what one does not know yet, the servers that ask it do not know either. One that
# does not even answer is not waited for: the directory's own patience is longer than anybody's where several are away.
function Get-AccountFact($Arguments) {
    $Attributes = @('objectClass', 'sAMAccountName', 'userAccountControl', 'accountExpires', 'pwdLastSet',
        'msDS-KeyVersionNumber', 'msDS-SupportedEncryptionTypes', 'servicePrincipalName')
    $Name = ConvertTo-FilterValue $Arguments.Name
    $Computer = ConvertTo-FilterValue ($Arguments.Name + '$')
    $Domain = Get-Domain $Arguments.Domain
    $Controllers = New-Object System.Collections.ArrayList
    $Names = @($Domain.DomainControllers | ForEach-Object { $_.Name })
    foreach ($Reached in (Get-Reach $Names @(389))) {
        $Told = @{ controller = $Reached.server; error = $null; account = $null }
        [void]$Controllers.Add($Told)
        if (-not $Reached.answers) {
            $Told.error = $Reached.why
            continue
        }
        try {
            $Path = 'LDAP://' + $Reached.server + '/' + (Get-DomainDn $Domain)
            $Result = (New-Searcher $Path ('(sAMAccountName=' + $Computer + ')') $Attributes).FindOne()
            if ($null -eq $Result) {
                $Result = (New-Searcher $Path ('(sAMAccountName=' + $Name + ')') $Attributes).FindOne()
            }
            if ($null -ne $Result) {
                # msDS-KeyVersionNumber is constructed: a search of the object itself is certain to give it.
                $Itself = New-Searcher $Result.Path '(objectClass=*)' $Attributes
                $Itself.SearchScope = [System.DirectoryServices.SearchScope]::Base
                $Told.account = ConvertFrom-Account ($Itself.FindOne())
            }
        } catch {
            $Told.error = Limit-Text (Remove-Secret $_.Exception.Message)
        }
    }
    return @{ controllers = $Controllers }
}

# The NetBIOS name of each domain of the forest, by its distinguished name in capitals.
function Get-NetbiosName {
    $Names = @{}
    $Results = (New-Searcher (Get-PartitionsPath) '(&(objectCategory=crossRef)(nETBIOSName=*))' @('nCName', 'nETBIOSName')).FindAll()
    foreach ($Result in $Results) {
        $Names[([string](Get-Value $Result 'nCName')).ToUpperInvariant()] = [string](Get-Value $Result 'nETBIOSName')
    }
    $Results.Dispose()
    return $Names
}

# Whoever in the forest holds each of the SPNs, by the global catalog.
function Get-HolderFact($Arguments) {
    $Netbios = Get-NetbiosName
    $Forest = [System.DirectoryServices.ActiveDirectory.Forest]::GetCurrentForest()
    $Searcher = $Forest.FindGlobalCatalog().GetDirectorySearcher()
    $Searcher.ClientTimeout = New-Object System.TimeSpan(0, 0, 30)
    $Searcher.PageSize = 500
    [void]$Searcher.PropertiesToLoad.AddRange(@('distinguishedName', 'sAMAccountName'))
    $All = New-Object System.Collections.ArrayList
    foreach ($Spn in $Arguments.Spn) {
        $Told = @{ spn = $Spn; error = $null; holders = (New-Object System.Collections.ArrayList) }
        try {
            $Searcher.Filter = '(servicePrincipalName=' + (ConvertTo-FilterValue $Spn) + ')'
            $Results = $Searcher.FindAll()
            foreach ($Result in $Results) {
                $Dn = [string](Get-Value $Result 'distinguishedName')
                $At = $Dn.IndexOf(',DC=', [System.StringComparison]::OrdinalIgnoreCase)
                $Domain = $Dn.Substring($At + 1).ToUpperInvariant()
                $Account = Get-Value $Result 'sAMAccountName'
                if ($null -ne $Account -and $Netbios.ContainsKey($Domain)) {
                    [void]$Told.holders.Add($Netbios[$Domain] + '\' + $Account)
                } else {
                    [void]$Told.holders.Add($Dn)
                }
            }
            $Results.Dispose()
        } catch {
            $Told.error = Limit-Text (Remove-Secret $_.Exception.Message)
        }
        [void]$All.Add($Told)
    }
    return , $All
}

# Since when the domain makes AES keys: the group Read-only Domain Controllers comes with the functional level of
# 2008, and with it the keys.
function Get-DirectoryFact($Arguments) {
    $Domain = Get-Domain $Arguments.Domain
    $Path = 'LDAP://' + $Domain.Name + '/' + (Get-DomainDn $Domain)
    $Root = New-Object System.DirectoryServices.DirectoryEntry($Path)
    $Sid = New-Object System.Security.Principal.SecurityIdentifier([byte[]]$Root.Properties['objectSid'][0], 0)
    $Result = (New-Searcher $Path ('(objectSid=' + $Sid.Value + '-521)') @('whenCreated')).FindOne()
    $Since = $null
    if ($null -ne $Result) {
        $Made = [datetime](Get-Value $Result 'whenCreated')
        $Since = ConvertTo-Moment ([datetime]::SpecifyKind($Made, [System.DateTimeKind]::Utc))
    }
    return @{ dnsName = $Domain.Name; aesKeysSince = $Since }
}
