#!/bin/sh
# After `azd provision`: a role takes a while until it is in force everywhere, and a deployment that
# comes too early fails with 403. Azure does not say when it is; so this waits, the first time only.
set -eu

: "${AZURE_SUBSCRIPTION_ID:?is not set: azd sets it, or run: azd env get-values}"
: "${AZURE_RESOURCE_GROUP:?is not set: run azd provision first}"
: "${SERVICE_APP_NAME:?is not set: run azd provision first}"
wait_seconds=${ROLE_WAIT_SECONDS:-60}

functions=$(az functionapp function list --subscription "$AZURE_SUBSCRIPTION_ID" \
    --resource-group "$AZURE_RESOURCE_GROUP" --name "$SERVICE_APP_NAME" \
    --query 'length(@)' --output tsv) || functions=0
if [ "${functions:-0}" -eq 0 ]; then
    echo "Waiting $wait_seconds s for the new roles to come into force."
    sleep "$wait_seconds"
fi
