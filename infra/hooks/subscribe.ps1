# After `azd deploy`: has Event Grid tell the app of each model that lands. Event Grid asks the running
# app for its consent, so this waits for the app and tries again. Run again, it changes nothing.
$ErrorActionPreference = 'Stop'

foreach ($name in 'AZURE_SUBSCRIPTION_ID', 'AZURE_RESOURCE_GROUP', 'SERVICE_APP_NAME',
    'MODEL_ACCOUNT_GROUP', 'MODEL_ACCOUNT_NAME', 'MODEL_TOPIC_NAME', 'MODEL_SUBJECT_BEGINS_WITH') {
    if (-not [Environment]::GetEnvironmentVariable($name)) {
        throw "$name is not set: run azd provision first"
    }
}
$tries = if ($env:SUBSCRIBE_TRIES) { [int]$env:SUBSCRIBE_TRIES } else { 10 }
$pause = if ($env:SUBSCRIBE_PAUSE_SECONDS) { [int]$env:SUBSCRIBE_PAUSE_SECONDS } else { 30 }
$template = Join-Path $PSScriptRoot '..' 'event-subscription.bicep'

# The host makes this key when it first runs the blob trigger. Only whether it is there is asked.
function Test-Ready {
    $ready = az functionapp keys list --subscription $env:AZURE_SUBSCRIPTION_ID `
        --resource-group $env:AZURE_RESOURCE_GROUP --name $env:SERVICE_APP_NAME `
        --query "contains(keys(systemKeys), 'blobs_extension')" --output tsv
    return $LASTEXITCODE -eq 0 -and $ready -eq 'true'
}

function Add-Subscription {
    az deployment group create --subscription $env:AZURE_SUBSCRIPTION_ID `
        --resource-group $env:MODEL_ACCOUNT_GROUP --name model-landed --template-file $template `
        --parameters "appName=$env:SERVICE_APP_NAME" "appGroup=$env:AZURE_RESOURCE_GROUP" `
        "topicName=$env:MODEL_TOPIC_NAME" "accountName=$env:MODEL_ACCOUNT_NAME" `
        "subjectBeginsWith=$env:MODEL_SUBJECT_BEGINS_WITH" `
        "subjectEndsWith=$env:MODEL_SUBJECT_ENDS_WITH" --output none | Out-Host
    return $LASTEXITCODE -eq 0
}

for ($try = 1; -not ((Test-Ready) -and (Add-Subscription)); $try++) {
    if ($try -ge $tries) {
        throw 'The app did not answer Event Grid. Models are found all the same, by sweep, within ' +
            '10 minutes. See GET /api/status, then try again: azd hooks run postdeploy'
    }
    Write-Host "The app is not ready yet (try $try of $tries); trying again in $pause s."
    Start-Sleep -Seconds $pause
}
Write-Host "Event Grid tells $env:SERVICE_APP_NAME of each model that lands in $env:MODEL_ACCOUNT_NAME."
