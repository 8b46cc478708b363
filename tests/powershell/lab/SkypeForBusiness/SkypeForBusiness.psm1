# Stands in for the product's module: the eight cmdlets with the parameter sets that their pages give, playing on a lab.
# The program itself is called for every one of them (`cskerb lab call DIR`), so that there is one book of rules.
#
# CSKERB_STAND_IN_PROGRAM is the program, CSKERB_STAND_IN_LAB the lab.

$OutputEncoding = New-Object System.Text.UTF8Encoding($false)

# Plays the call. An error that the lab says is written as the real cmdlet would; one that ends the call is thrown.
function Invoke-Lab {
    param(
        [System.Management.Automation.PSCmdlet]$Cmdlet,
        [string]$Call,
        [System.Collections.IDictionary]$Parameters
    )
    $Arguments = @{}
    $Report = $null
    foreach ($Key in @($Parameters.Keys)) {
        $Value = $Parameters[$Key]
        if ($Key -eq 'Report') {
            $Report = [string]$Value
        }
        if ($Value -is [System.Management.Automation.SwitchParameter]) {
            $Arguments[$Key] = [bool]$Value
        } else {
            $Arguments[$Key] = [string]$Value
        }
    }
    # What every cmdlet has is no business of the lab's; not all of it is there in every version.
    $Common = @('Verbose', 'Debug', 'ErrorAction', 'WarningAction', 'InformationAction', 'ProgressAction', 'ErrorVariable',
        'WarningVariable', 'InformationVariable', 'OutVariable', 'OutBuffer', 'PipelineVariable')
    foreach ($Key in $Common) {
        $Arguments.Remove($Key)
    }
    $Request = ConvertTo-Json -InputObject @{ call = $Call; arguments = $Arguments } -Depth 5 -Compress
    $Lines = @($Request | & $env:CSKERB_STAND_IN_PROGRAM lab call $env:CSKERB_STAND_IN_LAB)
    if ($LASTEXITCODE -ne 0) {
        throw ('the lab does not answer: ' + ($Lines -join ' '))
    }
    $Reply = ConvertFrom-Json -InputObject ($Lines -join "`n")
    foreach ($Remark in $Reply.remarks) {
        Write-Host $Remark
    }
    if ($Report -and $Reply.report) {
        [System.IO.File]::WriteAllText($Report, $Reply.report)
    }
    $Errors = @($Reply.errors)
    for ($At = 0; $At -lt $Errors.Count; $At++) {
        $Told = $Errors[$At]
        $Exception = New-Object System.InvalidOperationException([string]$Told.message)
        $Id = ([string]$Told.id).Split(',')[0]
        $Record = New-Object System.Management.Automation.ErrorRecord($Exception, $Id, [string]$Told.category, $null)
        if ($Reply.ended -eq 'threw' -and $At -eq $Errors.Count - 1) {
            $Cmdlet.ThrowTerminatingError($Record)
        }
        $Cmdlet.WriteError($Record)
    }
    return $Reply.output
}

function New-CsKerberosAccount {
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory = $true)][string]$UserAccount,
        [string]$ContainerDN,
        [switch]$Force,
        [string]$Report
    )
    [void](Invoke-Lab $PSCmdlet 'New-CsKerberosAccount' $PSBoundParameters)
}

function New-CsKerberosAccountAssignment {
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory = $true)][string]$Identity,
        [Parameter(Mandatory = $true)][string]$UserAccount,
        [switch]$Force,
        [switch]$InMemory
    )
    [void](Invoke-Lab $PSCmdlet 'New-CsKerberosAccountAssignment' $PSBoundParameters)
}

function Set-CsKerberosAccountAssignment {
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory = $true)][string]$Identity,
        [Parameter(Mandatory = $true)][string]$UserAccount,
        [switch]$Force
    )
    [void](Invoke-Lab $PSCmdlet 'Set-CsKerberosAccountAssignment' $PSBoundParameters)
}

function Remove-CsKerberosAccountAssignment {
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory = $true)][string]$Identity,
        [switch]$Force
    )
    [void](Invoke-Lab $PSCmdlet 'Remove-CsKerberosAccountAssignment' $PSBoundParameters)
}

function Get-CsKerberosAccountAssignment {
    [CmdletBinding()]
    param([string]$Identity, [string]$Filter, [switch]$LocalStore)
    foreach ($Entry in @(Invoke-Lab $PSCmdlet 'Get-CsKerberosAccountAssignment' @{})) {
        if (-not $Identity -or $Entry.identity -eq $Identity) {
            New-Object PSObject -Property @{ Identity = $Entry.identity; UserAccount = $Entry.userAccount }
        }
    }
}

function Set-CsKerberosAccountPassword {
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory = $true, ParameterSetName = 'Rotate')][string]$UserAccount,
        [Parameter(Mandatory = $true, ParameterSetName = 'Copy')][string]$FromComputer,
        [Parameter(Mandatory = $true, ParameterSetName = 'Copy')][string]$ToComputer,
        [switch]$Force,
        [string]$Report
    )
    [void](Invoke-Lab $PSCmdlet 'Set-CsKerberosAccountPassword' $PSBoundParameters)
}

function Test-CsKerberosAccountAssignment {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true)][string]$Identity,
        [string]$Report
    )
    Write-Verbose ('testing ' + $Identity)
    [void](Invoke-Lab $PSCmdlet 'Test-CsKerberosAccountAssignment' $PSBoundParameters)
}

function Enable-CsTopology {
    [CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
    param(
        [string]$GlobalCatalog,
        [string]$GlobalSettingsDomainController,
        [bool]$SkipPrepareCheck,
        [switch]$Force,
        [string]$Report
    )
    [void](Invoke-Lab $PSCmdlet 'Enable-CsTopology' $PSBoundParameters)
}

function Get-CsTopology {
    [CmdletBinding()]
    param([switch]$AsXml)
    if (-not $AsXml) {
        throw 'only -AsXml is known here'
    }
    (Invoke-Lab $PSCmdlet 'Get-CsTopology' @{ AsXml = $true }).xml
}

function Get-CsManagementStoreReplicationStatus {
    [CmdletBinding()]
    param([string]$ReplicaFqdn)
    foreach ($Entry in @(Invoke-Lab $PSCmdlet 'Get-CsManagementStoreReplicationStatus' @{})) {
        New-Object PSObject -Property @{ ReplicaFqdn = $Entry.replica; UpToDate = $Entry.upToDate }
    }
}

function Get-CsWebServiceConfiguration {
    [CmdletBinding()]
    param([string]$Identity)
    foreach ($Entry in @(Invoke-Lab $PSCmdlet 'Get-CsWebServiceConfiguration' @{})) {
        New-Object PSObject -Property @{ Identity = $Entry.identity; UseWindowsAuth = $Entry.useWindowsAuth }
    }
}

Export-ModuleMember -Function *-Cs*
