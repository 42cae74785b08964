#!/bin/sh
# After `azd deploy`: has Event Grid tell the app of each model that lands. Event Grid asks the running
# app for its consent, so this waits for the app and tries again. Run again, it changes nothing.
set -eu

: "${AZURE_SUBSCRIPTION_ID:?is not set: azd sets it, or run: azd env get-values}"
: "${AZURE_RESOURCE_GROUP:?is not set: run azd provision first}"
: "${SERVICE_APP_NAME:?is not set: run azd provision first}"
: "${MODEL_ACCOUNT_GROUP:?is not set: run azd provision first}"
: "${MODEL_ACCOUNT_NAME:?is not set: run azd provision first}"
: "${MODEL_TOPIC_NAME:?is not set: run azd provision first}"
: "${MODEL_SUBJECT_BEGINS_WITH:?is not set: run azd provision first}"
tries=${SUBSCRIBE_TRIES:-10}
pause=${SUBSCRIBE_PAUSE_SECONDS:-30}
template=$(dirname "$0")/../event-subscription.bicep

# The host makes this key when it first runs the blob trigger. Only whether it is there is asked.
is_ready() {
    [ "$(az functionapp keys list --subscription "$AZURE_SUBSCRIPTION_ID" \
        --resource-group "$AZURE_RESOURCE_GROUP" --name "$SERVICE_APP_NAME" \
        --query "contains(keys(systemKeys), 'blobs_extension')" --output tsv)" = true ]
}

subscribed() {
    az deployment group create --subscription "$AZURE_SUBSCRIPTION_ID" \
        --resource-group "$MODEL_ACCOUNT_GROUP" --name model-landed --template-file "$template" \
        --parameters "appName=$SERVICE_APP_NAME" "appGroup=$AZURE_RESOURCE_GROUP" \
        "topicName=$MODEL_TOPIC_NAME" "accountName=$MODEL_ACCOUNT_NAME" \
        "subjectBeginsWith=$MODEL_SUBJECT_BEGINS_WITH" \
        "subjectEndsWith=${MODEL_SUBJECT_ENDS_WITH:-}" --output none
}

try=1
until is_ready && subscribed; do
    if [ "$try" -ge "$tries" ]; then
        echo "The app did not answer Event Grid. Models are found all the same, by sweep, within" >&2
        echo "10 minutes. See GET /api/status, then try again: azd hooks run postdeploy" >&2
        exit 1
    fi
    echo "The app is not ready yet (try $try of $tries); trying again in $pause s."
    try=$((try + 1))
    sleep "$pause"
done
echo "Event Grid tells $SERVICE_APP_NAME of each model that lands in $MODEL_ACCOUNT_NAME."
