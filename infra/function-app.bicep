// The function app on Flex Consumption, and every app setting that it has.
param name string
param planName string
param location string
param tags object
param identityId string
param identityClientId string
param hostStorageName string
param packageContainer string
param stateContainer string
param modelStorageName string
param modelBlobs string
param endpointsFile string
param watchSchedule string
param sweepSchedule string
param sasLifetime string
param sasRenewBefore string
param vaultUri string
param endpointKeys string
param insightsConnectionString string
param subnetId string
param alwaysReadyInstances int

var hostBlobs = 'https://${hostStorageName}.blob.${environment().suffixes.storage}'
var hostQueues = 'https://${hostStorageName}.queue.${environment().suffixes.storage}'
var hostTables = 'https://${hostStorageName}.table.${environment().suffixes.storage}'
var modelBlobService = 'https://${modelStorageName}.blob.${environment().suffixes.storage}'
var modelQueueService = 'https://${modelStorageName}.queue.${environment().suffixes.storage}'

var settings = {
  AzureWebJobsStorage__blobServiceUri: hostBlobs
  AzureWebJobsStorage__queueServiceUri: hostQueues
  AzureWebJobsStorage__tableServiceUri: hostTables
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  ModelStorage__blobServiceUri: modelBlobService
  ModelStorage__queueServiceUri: modelQueueService
  ModelStorage__credential: 'managedidentity'
  ModelStorage__clientId: identityClientId
  StateStorage__blobServiceUri: hostBlobs
  StateStorage__credential: 'managedidentity'
  StateStorage__clientId: identityClientId
  STATE_CONTAINER: stateContainer
  MODEL_BLOBS: modelBlobs
  ENDPOINTS_FILE: endpointsFile
  BLOB_SOURCE: 'EventGrid'
  WATCH_SCHEDULE: watchSchedule
  SWEEP_SCHEDULE: sweepSchedule
  SAS_LIFETIME: sasLifetime
  SAS_RENEW_BEFORE: sasRenewBefore
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}

// A reference in place of each key: the host puts the secret in its stead.
var keyNames = filter(split(endpointKeys, ','), key => !empty(key))
var keySettings = toObject(
  keyNames,
  key => key,
  key => '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${toLower(replace(key, '_', '-'))})'
)

module plan 'br/public:avm/res/web/serverfarm:0.7.0' = {
  name: 'plan'
  params: {
    name: planName
    location: location
    tags: tags
    kind: 'functionapp'
    skuName: 'FC1'
    reserved: true
    zoneRedundant: false
  }
}

module app 'br/public:avm/res/web/site:0.24.0' = {
  name: 'app'
  params: {
    name: name
    location: location
    // azd finds the app by this tag; it is the service's name in azure.yaml.
    tags: union(tags, { 'azd-service-name': 'app' })
    kind: 'functionapp,linux'
    serverFarmResourceId: plan.outputs.resourceId
    httpsOnly: true
    managedIdentities: { userAssignedResourceIds: [identityId] }
    keyVaultAccessIdentityResourceId: identityId
    virtualNetworkSubnetResourceId: empty(subnetId) ? null : subnetId
    basicPublishingCredentialsPolicies: [
      { name: 'ftp', allow: false }
      { name: 'scm', allow: false }
    ]
    siteConfig: {
      alwaysOn: false
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostBlobs}/${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: 100
        alwaysReady: alwaysReadyInstances == 0 ? [] : [
          { name: 'blob', instanceCount: alwaysReadyInstances }
        ]
      }
    }
    configs: [
      {
        name: 'appsettings'
        properties: union(settings, keySettings)
      }
    ]
  }
}

output name string = app.outputs.name
output uri string = 'https://${app.outputs.defaultHostname}'
