# A plan of cskerb 0.1.0, for Windows PowerShell 3.0 to 5.1
# for       contoso.yaml, sha256:1111
# against   snapshots/monday, sha256:2222, collected 2026-11-20 08:00:00 UTC
# partial   3 of the facts that it needed could not be read
# verdict   Enable-CsTopology is required
# beware    Enable-CsTopology enables the whole last published topology: any other change that was published and not
#         | yet enabled goes live with it
#
# As it stands, this script changes nothing: it shows what the cmdlets would do (-WhatIf). Read it to its end, then
# set $Apply to $true, and each switch whose steps you want. What you leave at $false is passed over with a word, and
# so is what waits for it.
#
# A step that belongs on one server runs only there: take this script to each of them, with the numbers of the steps
# that are done in $Done. The last line prints them.
#
# A letter that is not ASCII is written as [char]0xFC in commands and as \u{fc} in comments.

$Apply = $false                 # $true: do it, instead of showing it
$AllowEnableTopology = $false   # $true: step 5, the whole last published topology goes live
$AllowRotation = $false         # $true: steps 8-9, new passwords on every server of the accounts, and in Active Directory
$AllowReassignment = $false     # $true: step 3, another account for a site that has one
$AllowUnassignment = $false     # $true: step 4, no account any more for a site that has one
$Done = @()                     # the numbers of the steps that are done, as @(1; 2; 5)

$ErrorActionPreference = 'Stop'
$Done = @($Done)
if ($PSVersionTable.PSVersion.Major -gt 5) {
    throw 'run this in Windows PowerShell: the modules of the product and of IIS belong to it'
}
if ([System.IntPtr]::Size -eq 4) {
    throw 'run this in the Windows PowerShell of 64 bits: the other one reads and writes what IIS does not use'
}
$Module = Get-Module -ListAvailable -Name SkypeForBusiness, Lync | Select-Object -First 1
if (-not $Module) {
    throw 'neither the module SkypeForBusiness nor Lync is here: run this where the management shell is installed'
}
Import-Module -Name $Module.Name
$Network = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
$Here = $Network.HostName + '.' + $Network.DomainName # this computer, as the topology names it
# Reports go to the folder that this is run in: PowerShell's own is not that of its process.
[System.Environment]::CurrentDirectory = (Get-Location -PSProvider FileSystem).ProviderPath

function Enter-Step([int]$Number, [int[]]$After = @(), [string]$On = '') {
    if ($Done -contains $Number) {
        return $false
    }
    $Missing = @($After | Where-Object { $Done -notcontains $_ })
    if ($Missing.Count -gt 0) {
        $First = ($Missing | Select-Object -First 9) -join ', '
        Write-Warning ('step {0} is passed over: it waits for {1} steps, such as {2}' -f $Number, $Missing.Count, $First)
        return $false
    }
    if ($On -and $On -ne $Here) {
        Write-Warning ('step {0} is passed over: it runs on {1}, and this is {2}' -f $Number, $On, $Here)
        return $false
    }
    return $true
}

# ---- Step 1 of 16 ----
# does      Create the computer account CONTOSO\kerbnew in CN=Users,DC=contoso,DC=com
# because   CONTOSO\kerbnew is declared, and Active Directory has no such account
# run on    any computer with the management shell
if (Enter-Step 1) {
    if (-not $Apply) {
        New-CsKerberosAccount -UserAccount 'CONTOSO\kerbnew' -ContainerDN 'CN=Users,DC=contoso,DC=com' -WhatIf
    } else {
        New-CsKerberosAccount -UserAccount 'CONTOSO\kerbnew' -ContainerDN 'CN=Users,DC=contoso,DC=com' -Report 'create_CONTOSO_kerbnew.html' -Confirm:$false
        $Done += 1
    }
}

# ---- Step 2 of 16 ----
# does      Assign CONTOSO\kerbnew to Dublin
# because   Dublin shall use CONTOSO\kerbnew, and has no account
# disrupts  clients of Dublin: from Enable-CsTopology on they get tickets for CONTOSO\kerbnew, which its 1 server
#         | cannot read until the password steps are done
# run on    any computer with the management shell
# after     step 1
if (Enter-Step 2 -After 1) {
    if (-not $Apply) {
        New-CsKerberosAccountAssignment -Identity 'site:Dublin' -UserAccount 'CONTOSO\kerbnew' -WhatIf
    } else {
        New-CsKerberosAccountAssignment -Identity 'site:Dublin' -UserAccount 'CONTOSO\kerbnew' -Confirm:$false
        $Done += 2
    }
}

# ---- Step 3 of 16 ----
# does      Assign CONTOSO\kerbauth to Paris in place of CONTOSO\kerbold
# because   Paris shall use CONTOSO\kerbauth, and has CONTOSO\kerbold
# disrupts  an outage in Paris: from Enable-CsTopology on its SPNs point at CONTOSO\kerbauth, with the password of
#         | CONTOSO\kerbold still on its 1 server until the password steps are done
# run on    any computer with the management shell
# needs     $AllowReassignment = $true
if (Enter-Step 3) {
    if (-not $Apply) {
        Set-CsKerberosAccountAssignment -Identity 'site:Paris' -UserAccount 'CONTOSO\kerbauth' -WhatIf
    } elseif (-not $AllowReassignment) {
        Write-Warning 'step 3 is passed over: $AllowReassignment is $false'
    } else {
        Set-CsKerberosAccountAssignment -Identity 'site:Paris' -UserAccount 'CONTOSO\kerbauth' -Confirm:$false
        $Done += 3
    }
}

# ---- Step 4 of 16 ----
# does      Remove the assignment of CONTOSO\kerbold from Oslo
# because   Oslo shall have no account, and has CONTOSO\kerbold
# disrupts  clients of Oslo: they fall back to NTLM or certificates
# run on    any computer with the management shell
# needs     $AllowUnassignment = $true
if (Enter-Step 4) {
    if (-not $Apply) {
        Remove-CsKerberosAccountAssignment -Identity 'site:Oslo' -WhatIf
    } elseif (-not $AllowUnassignment) {
        Write-Warning 'step 4 is passed over: $AllowUnassignment is $false'
    } else {
        Remove-CsKerberosAccountAssignment -Identity 'site:Oslo' -Confirm:$false
        $Done += 4
    }
}

# ---- Step 5 of 16 ----
# does      Run Enable-CsTopology
# because   Dublin gets an account: Enable-CsTopology makes its SPNs and makes the assignment effective
# because   Paris gets another account: Enable-CsTopology moves its SPNs and makes the assignment effective
# because   Oslo loses its account: Enable-CsTopology removes its SPNs from CONTOSO\kerbold
# disrupts  clients of Dublin, Paris: from here on they get tickets that servers cannot read until the password
#         | steps are done; clients of Oslo: from here on they fall back to NTLM or certificates
# run on    any computer with the management shell
# after     steps 1-4
# needs     $AllowEnableTopology = $true
if (Enter-Step 5 -After (1 .. 4)) {
    if (-not $Apply) {
        Enable-CsTopology -WhatIf
    } elseif (-not $AllowEnableTopology) {
        Write-Warning 'step 5 is passed over: $AllowEnableTopology is $false'
    } else {
        Enable-CsTopology -Report 'enable-topology.html' -Confirm:$false
        $Done += 5
    }
}

# ---- Step 6 of 16 ----
# does      Remove http/webint.contoso.com from CONTOSO\kerbold
# because   http/webint.contoso.com belongs on CONTOSO\kerbauth; setspn -S refuses it there while CONTOSO\kerbold
#         | holds it
# run on    any computer with the management shell
if (Enter-Step 6) {
    if (-not $Apply) {
        Write-Warning 'step 6 is not shown: setspn.exe has no -WhatIf'
    } else {
        setspn.exe -D 'http/webint.contoso.com' 'CONTOSO\kerbold'
        if ($LASTEXITCODE -ne 0) { throw 'step 6 failed: setspn.exe says why' }
        $Done += 6
    }
}

# ---- Step 7 of 16 ----
# does      Add http/webint.contoso.com to CONTOSO\kerbauth
# because   pool01.contoso.com overrides its internal web FQDN, and Enable-CsTopology does not make that SPN
# run on    any computer with the management shell
# after     steps 5-6
if (Enter-Step 7 -After (5 .. 6)) {
    if (-not $Apply) {
        Write-Warning 'step 7 is not shown: setspn.exe has no -WhatIf'
    } else {
        setspn.exe -S 'http/webint.contoso.com' 'CONTOSO\kerbauth'
        if ($LASTEXITCODE -ne 0) { throw 'step 7 failed: setspn.exe says why' }
        $Done += 7
    }
}

# ---- Step 8 of 16 ----
# does      Rotate the password of CONTOSO\kerbnew
# because   the account is created by this plan, so no server has its password yet
# because   it reaches every server of every site of CONTOSO\kerbnew: Dublin
# run on    any computer with the management shell
# after     steps 1-2, 5
# needs     $AllowRotation = $true
if (Enter-Step 8 -After @((1 .. 2); 5)) {
    if (-not $Apply) {
        Set-CsKerberosAccountPassword -UserAccount 'CONTOSO\kerbnew' -WhatIf
    } elseif (-not $AllowRotation) {
        Write-Warning 'step 8 is passed over: $AllowRotation is $false'
    } else {
        Set-CsKerberosAccountPassword -UserAccount 'CONTOSO\kerbnew' -Report 'rotate_CONTOSO_kerbnew.html' -Confirm:$false
        $Done += 8
    }
}

# ---- Step 9 of 16 ----
# does      Rotate the password of CONTOSO\kerbturn
# because   asked for: asked by the operator
# because   it reaches every server of every site of CONTOSO\kerbturn: Rome
# disrupts  clients of the 1 server in Rome: tickets that they hold fail until they are renewed, up to 10 hours by
#         | default
# run on    any computer with the management shell
# needs     $AllowRotation = $true
if (Enter-Step 9) {
    if (-not $Apply) {
        Set-CsKerberosAccountPassword -UserAccount 'CONTOSO\kerbturn' -WhatIf
    } elseif (-not $AllowRotation) {
        Write-Warning 'step 9 is passed over: $AllowRotation is $false'
    } else {
        Set-CsKerberosAccountPassword -UserAccount 'CONTOSO\kerbturn' -Report 'rotate_CONTOSO_kerbturn.html' -Confirm:$false
        $Done += 9
    }
}

# ---- Step 10 of 16 ----
# does      Copy the Kerberos configuration of fe01.contoso.com to fe02.contoso.com
# because   it refused a fresh ticket at 2026-11-20 06:00:00 UTC: KRB_AP_ERR_MODIFIED
# because   fe01.contoso.com is valid and in the same pool (test of 2026-11-20 05:00:00 UTC)
# run on    fe01.contoso.com itself
# after     steps 5-7
if (Enter-Step 10 -After (5 .. 7) -On 'fe01.contoso.com') {
    if (-not $Apply) {
        Set-CsKerberosAccountPassword -FromComputer 'fe01.contoso.com' -ToComputer 'fe02.contoso.com' -WhatIf
    } else {
        Set-CsKerberosAccountPassword -FromComputer 'fe01.contoso.com' -ToComputer 'fe02.contoso.com' -Report 'copy_fe02.contoso.com.html' -Confirm:$false
        $Done += 10
    }
}

# ---- Step 11 of 16 ----
# does      Copy the Kerberos configuration of fe01.contoso.com to se02.contoso.com
# because   it still uses CONTOSO\kerbold
# because   fe01.contoso.com is valid and in site Redmond, which has the same account (test of 2026-11-20 05:00:00
#         | UTC)
# run on    fe01.contoso.com itself
# after     steps 3, 5
if (Enter-Step 11 -After @(3; 5) -On 'fe01.contoso.com') {
    if (-not $Apply) {
        Set-CsKerberosAccountPassword -FromComputer 'fe01.contoso.com' -ToComputer 'se02.contoso.com' -WhatIf
    } else {
        Set-CsKerberosAccountPassword -FromComputer 'fe01.contoso.com' -ToComputer 'se02.contoso.com' -Report 'copy_se02.contoso.com.html' -Confirm:$false
        $Done += 11
    }
}

# ---- Step 12 of 16 ----
# does      Set IIS on fe02.contoso.com
# because   its settings are not as declared
# run on    fe02.contoso.com itself
if (Enter-Step 12 -On 'fe02.contoso.com') {
    if (-not $Apply) {
        Write-Warning 'step 12 is not shown: Microsoft.Web.Administration has no -WhatIf'
    } else {
        Add-Type -Path "$env:windir\System32\inetsrv\Microsoft.Web.Administration.dll"; $m = New-Object Microsoft.Web.Administration.ServerManager; $s = $m.GetApplicationHostConfiguration().GetSection('system.webServer/security/authentication/windowsAuthentication', 'Lync Server Internal Web Site'); $s.SetAttributeValue('enabled', $true); $s.SetAttributeValue('useKernelMode', $false); $p = $s.GetCollection('providers'); $p.Clear(); $e = $p.CreateElement('add'); $e.SetAttributeValue('value', 'Negotiate'); [void]$p.Add($e); $e = $p.CreateElement('add'); $e.SetAttributeValue('value', 'NTLM'); [void]$p.Add($e); $s.GetChildElement('extendedProtection').SetAttributeValue('tokenChecking', 'Allow'); $m.CommitChanges()
        $Done += 12
    }
}

# ---- Step 13 of 16 ----
# does      Test the assignment of Redmond
# because   other steps touch Redmond: the test shows whether they took effect
# run on    any computer with the management shell
# after     steps 6-7, 10, 12
if (Enter-Step 13 -After @((6 .. 7); 10; 12)) {
    if (-not $Apply) {
        Write-Warning 'step 13 is not shown: Test-CsKerberosAccountAssignment has no -WhatIf'
    } else {
        $ErrorActionPreference = 'Continue' # it names every server that is invalid
        Test-CsKerberosAccountAssignment -Identity 'site:Redmond' -Report 'test_Redmond.html' -Verbose
        $ErrorActionPreference = 'Stop'
        $Done += 13
    }
}

# ---- Step 14 of 16 ----
# does      Test the assignment of Dublin
# because   other steps touch Dublin: the test shows whether they took effect
# run on    any computer with the management shell
# after     steps 2, 5, 8
if (Enter-Step 14 -After @(2; 5; 8)) {
    if (-not $Apply) {
        Write-Warning 'step 14 is not shown: Test-CsKerberosAccountAssignment has no -WhatIf'
    } else {
        $ErrorActionPreference = 'Continue' # it names every server that is invalid
        Test-CsKerberosAccountAssignment -Identity 'site:Dublin' -Report 'test_Dublin.html' -Verbose
        $ErrorActionPreference = 'Stop'
        $Done += 14
    }
}

# ---- Step 15 of 16 ----
# does      Test the assignment of Paris
# because   other steps touch Paris: the test shows whether they took effect
# run on    any computer with the management shell
# after     steps 3, 5, 11
if (Enter-Step 15 -After @(3; 5; 11)) {
    if (-not $Apply) {
        Write-Warning 'step 15 is not shown: Test-CsKerberosAccountAssignment has no -WhatIf'
    } else {
        $ErrorActionPreference = 'Continue' # it names every server that is invalid
        Test-CsKerberosAccountAssignment -Identity 'site:Paris' -Report 'test_Paris.html' -Verbose
        $ErrorActionPreference = 'Stop'
        $Done += 15
    }
}

# ---- Step 16 of 16 ----
# does      Test the assignment of Rome
# because   other steps touch Rome: the test shows whether they took effect
# run on    any computer with the management shell
# after     step 9
if (Enter-Step 16 -After 9) {
    if (-not $Apply) {
        Write-Warning 'step 16 is not shown: Test-CsKerberosAccountAssignment has no -WhatIf'
    } else {
        $ErrorActionPreference = 'Continue' # it names every server that is invalid
        Test-CsKerberosAccountAssignment -Identity 'site:Rome' -Report 'test_Rome.html' -Verbose
        $ErrorActionPreference = 'Stop'
        $Done += 16
    }
}

Write-Host ('$Done = @(' + ($Done -join '; ') + ')')
