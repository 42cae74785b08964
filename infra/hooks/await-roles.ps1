# After `azd provision`: a role takes a while until it is in force everywhere, and a deployment that
# comes too early fails with 403. Azure does not say when it is; so this waits, the first time only.
$ErrorActionPreference = 'Stop'

foreach ($name in 'AZURE_SUBSCRIPTION_ID', 'AZURE_RESOURCE_GROUP', 'SERVICE_APP_NAME') {
    if (-not [Environment]::GetEnvironmentVariable($name)) {
        throw "$name is not set: run azd provision first"
    }
}
$waitSeconds = if ($env:ROLE_WAIT_SECONDS) { [int]$env:ROLE_WAIT_SECONDS } else { 60 }

$functions = az functionapp function list --subscription $env:AZURE_SUBSCRIPTION_ID `
    --resource-group $env:AZURE_RESOURCE_GROUP --name $env:SERVICE_APP_NAME `
    --query 'length(@)' --output tsv
if ($LASTEXITCODE -ne 0 -or -not $functions -or [int]$functions -eq 0) {
    Write-Host "Waiting $waitSeconds s for the new roles to come into force."
    Start-Sleep -Seconds $waitSeconds
}
