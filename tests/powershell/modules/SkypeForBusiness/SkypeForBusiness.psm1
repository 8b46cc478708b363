# A stand-in for the product's module where the script that collects by hand is tried: it answers from a snapshot folder,
# and tests a site as a lab's kerberos.json say it.

$Folder = $env:CSKERB_STAND_IN

function Get-CsTopology([switch]$AsXml) {
    [System.IO.File]::ReadAllText((Join-Path $Folder 'topology.xml'))
}

function Get-CsKerberosAccountAssignment {
    foreach ($Entry in (ConvertFrom-Json ([System.IO.File]::ReadAllText((Join-Path $Folder 'assignments.json'))))) {
        New-Object PSObject -Property @{ Identity = $Entry.identity; UserAccount = $Entry.userAccount }
    }
}

function Get-CsWebServiceConfiguration {
    foreach ($Entry in (ConvertFrom-Json ([System.IO.File]::ReadAllText((Join-Path $Folder 'webservices.json'))))) {
        New-Object PSObject -Property @{ Identity = $Entry.identity; UseWindowsAuth = $Entry.useWindowsAuth }
    }
}

function Get-CsManagementStoreReplicationStatus {
    New-Object PSObject -Property @{ ReplicaFqdn = 'fe01.contoso.com'; UpToDate = $true }
}

function Test-CsKerberosAccountAssignment {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true)][string]$Identity, [string]$Report)
    $Rows = ''
    foreach ($Server in (Get-ChildItem -LiteralPath (Join-Path $Folder 'servers'))) {
        $Path = Join-Path $Server.FullName 'kerberos.json'
        if (-not (Test-Path -LiteralPath $Path)) {
            continue
        }
        $Said = ConvertFrom-Json ([System.IO.File]::ReadAllText($Path))
        $Rows += '<td>' + $Server.Name + '</td>'
        if ($Said.status -ne 'valid') {
            $Text = 'Die Kerberos-Konfiguration auf ' + $Server.Name + ' stimmt nicht: password="hunter2"'
            Write-Error -Message $Text -ErrorId 'InvalidKerberosConfiguration'
        }
    }
    [System.IO.File]::WriteAllText($Report, '<html><table>' + $Rows + '</table></html>')
}

Export-ModuleMember -Function *-Cs*
