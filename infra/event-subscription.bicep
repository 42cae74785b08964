// Tells the app of each model that lands. Deployed after the code, by hooks/subscribe: Azure calls
// the running app, which must confirm. Deployed again, it changes nothing.
@description('The function app, and its resource group.')
param appName string
param appGroup string

@description('The system topic of the models\' storage, in the group that this is deployed to.')
param topicName string

@description('The models\' storage account, for events that could not be delivered.')
param accountName string

param subjectBeginsWith string
param subjectEndsWith string

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
  scope: resourceGroup(appGroup)
}

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

module subscription 'br/public:avm/res/event-grid/system-topic/event-subscription:0.1.0' = {
  name: 'model-landed'
  params: {
    name: 'model-landed'
    systemTopicName: topicName
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: 'https://${app.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.model_landed&code=${listKeys('${app.id}/host/default', '2025-03-01').systemKeys.blobs_extension}'
      }
    }
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated']
      subjectBeginsWith: subjectBeginsWith
      subjectEndsWith: subjectEndsWith
      isSubjectCaseSensitive: true
      // In storage with a hierarchical namespace a blob is first made, empty, and then flushed.
      advancedFilters: [
        {
          operatorType: 'StringNotIn'
          key: 'data.api'
          values: ['CreateFile', 'SftpCreate']
        }
      ]
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: account.id
          blobContainerName: 'event-grid-dead-letters'
        }
      }
    }
  }
}
