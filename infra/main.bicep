// Everything that the app needs in Azure, except the Event Grid subscription: that is made after the
// code is there (event-subscription.bicep), because Azure calls the running app to confirm it.
// docs/deploy.md says what each resource and role is for. Never compiled or run by its authors.
targetScope = 'subscription'

@minLength(1)
@maxLength(40)
@description('The name of the azd environment; part of the name of the resource group.')
param environmentName string

@minLength(1)
@description('The region; it must offer Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Who deploys: may write endpoint keys and the endpoints file. Empty: nobody.')
param principalId string = ''

@allowed(['User', 'ServicePrincipal'])
@description('What kind of principal that is.')
param principalType string = 'User'

@description('App settings that hold keys of endpoints, with commas between them. Each becomes a reference to a secret of that name, in small letters with hyphens: CENSUS_API_KEY is census-api-key.')
param endpointKeys string = ''

@description('MODEL_BLOBS: which blobs are models, a container and a pattern.')
param modelBlobs string = 'experimentoutput/{name}.ilearner'

@description('ENDPOINTS_FILE: a path in the app, or blob:retrain-config/<path>, which is edited without a deployment.')
param endpointsFile string = 'endpoints.toml'

@description('WATCH_SCHEDULE: NCRONTAB, UTC.')
param watchSchedule string = '0 * * * * *'

@description('SWEEP_SCHEDULE: NCRONTAB, UTC.')
param sweepSchedule string = '15 */10 * * * *'

@description('SAS_LIFETIME: how long a token lives; 6d at most.')
param sasLifetime string = '24h'

@description('SAS_RENEW_BEFORE: how long before its expiry a token is renewed.')
param sasRenewBefore string = '6h'

@description('Containers that retraining jobs read from, in the models\' storage, with commas between them.')
param trainingContainers string = 'training'

@description('An existing storage account that the models land in. Empty: one is made.')
param modelStorageAccountName string = ''

@description('The resource group of that account, in this subscription. Empty: that of the app.')
param modelStorageResourceGroup string = ''

@description('The Event Grid system topic of that account, if it has one already: there can be only one.')
param eventGridTopicName string = ''

@description('Put the app into a virtual network, and its own storage and the key vault behind private endpoints.')
param vnetEnabled bool = false

@description('Where alerts are sent. Empty: they are only shown in the portal.')
param alertEmail string = ''

@description('Instances that always run for blob events; each costs money all the time.')
param alwaysReadyInstances int = 0

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var roles = loadJsonContent('roles.json')

var resourceGroupName = 'rg-${environmentName}'
var functionAppName = 'func-${token}'
var hostStorageName = 'sthost${token}'
var packageContainer = 'app-package'
var stateContainer = 'retrain-state'
var configContainer = 'retrain-config'

var modelAccount = empty(modelStorageAccountName) ? 'stmodels${token}' : modelStorageAccountName
var modelGroup = empty(modelStorageResourceGroup) ? resourceGroupName : modelStorageResourceGroup
var topicName = empty(eventGridTopicName) ? 'evgt-${token}' : eventGridTopicName
var modelContainer = first(split(modelBlobs, '/'))
var trainingContainerNames = filter(split(trainingContainers, ','), name => !empty(name))

// What Event Grid filters by: never narrower than the pattern. Doubled braces stand for single ones.
var modelPattern = join(skip(split(modelBlobs, '/'), 1), '/')
var modelPrefix = replace(first(split(modelPattern, '{')), '}}', '}')
var modelSuffix = last(split(modelPattern, '}'))

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

module identity 'br/public:avm/res/managed-identity/user-assigned-identity:0.6.0' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${token}'
    location: location
    tags: tags
  }
}

module network 'network.bicep' = if (vnetEnabled) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-${token}'
    location: location
    tags: tags
  }
}

// The host's own storage, where the app keeps its records too. Nobody outside needs to reach it.
module hostStorage 'br/public:avm/res/storage/storage-account:0.33.0' = {
  name: 'host-storage'
  scope: group
  params: {
    name: hostStorageName
    location: location
    tags: tags
    skuName: 'Standard_LRS'
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: vnetEnabled ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: vnetEnabled ? 'Deny' : 'Allow'
    }
    blobServices: {
      // Records and leases are rewritten all the time: kept, each old one would cost money for days.
      deleteRetentionPolicyEnabled: false
      containers: [
        { name: packageContainer }
        { name: stateContainer }
        {
          name: configContainer
          roleAssignments: empty(principalId) ? [] : [
            {
              principalId: principalId
              principalType: principalType
              roleDefinitionIdOrName: roles.storageBlobDataContributor
            }
          ]
        }
      ]
    }
    roleAssignments: [
      {
        principalId: identity.outputs.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionIdOrName: roles.storageBlobDataOwner
      }
      {
        principalId: identity.outputs.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionIdOrName: roles.storageQueueDataContributor
      }
      {
        principalId: identity.outputs.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionIdOrName: roles.storageTableDataContributor
      }
    ]
    privateEndpoints: [for service in (vnetEnabled ? ['blob', 'queue', 'table'] : []): {
      service: service
      subnetResourceId: network!.outputs.privateEndpointSubnetId
      privateDnsZoneGroup: {
        privateDnsZoneGroupConfigs: [
          { privateDnsZoneResourceId: network!.outputs.dnsZoneIds[service] }
        ]
      }
      tags: tags
    }]
  }
}

// Where the models land. It stays reachable from outside in a virtual network too: the scoring
// service fetches the models from it.
module modelStorage 'br/public:avm/res/storage/storage-account:0.33.0' = if (empty(modelStorageAccountName)) {
  name: 'model-storage'
  scope: resourceGroup(modelGroup)
  dependsOn: [group]
  params: {
    name: modelAccount
    location: location
    tags: tags
    skuName: 'Standard_LRS'
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: 'Allow'
    }
    blobServices: {
      deleteRetentionPolicyEnabled: true
      deleteRetentionPolicyDays: 7
      containers: map(union([modelContainer], trainingContainerNames), name => { name: name })
    }
  }
}

module modelAccess 'model-access.bicep' = {
  name: 'model-access'
  scope: resourceGroup(modelGroup)
  dependsOn: [modelStorage]
  params: {
    accountName: modelAccount
    modelContainer: modelContainer
    trainingContainers: trainingContainerNames
    topicName: topicName
    identityPrincipalId: identity.outputs.principalId
    principalId: principalId
    principalType: principalType
    tags: tags
  }
}

module vault 'br/public:avm/res/key-vault/vault:0.14.0' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    sku: 'standard'
    enableRbacAuthorization: true
    // What is deleted can be brought back for 90 days; `azd down --purge` can end it sooner.
    enablePurgeProtection: false
    publicNetworkAccess: vnetEnabled ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: vnetEnabled ? 'Deny' : 'Allow'
    }
    roleAssignments: concat([
      {
        principalId: identity.outputs.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionIdOrName: roles.keyVaultSecretsUser
      }
    ], empty(principalId) ? [] : [
      {
        principalId: principalId
        principalType: principalType
        roleDefinitionIdOrName: roles.keyVaultSecretsOfficer
      }
    ])
    privateEndpoints: [for service in (vnetEnabled ? ['vault'] : []): {
      service: service
      subnetResourceId: network!.outputs.privateEndpointSubnetId
      privateDnsZoneGroup: {
        privateDnsZoneGroupConfigs: [
          { privateDnsZoneResourceId: network!.outputs.dnsZoneIds[service] }
        ]
      }
      tags: tags
    }]
  }
}

module workspace 'br/public:avm/res/operational-insights/workspace:0.16.1' = {
  name: 'workspace'
  scope: group
  params: {
    name: 'log-${token}'
    location: location
    tags: tags
    dataRetention: 30
  }
}

module insights 'br/public:avm/res/insights/component:0.8.0' = {
  name: 'insights'
  scope: group
  params: {
    name: 'appi-${token}'
    location: location
    tags: tags
    workspaceResourceId: workspace.outputs.resourceId
    disableLocalAuth: true
    roleAssignments: [
      {
        principalId: identity.outputs.principalId
        principalType: 'ServicePrincipal'
        roleDefinitionIdOrName: roles.monitoringMetricsPublisher
      }
    ]
  }
}

module functionApp 'function-app.bicep' = {
  name: 'function-app'
  scope: group
  // The app starts at once: by then its storage must let it in.
  dependsOn: [modelAccess]
  params: {
    name: functionAppName
    planName: 'plan-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.resourceId
    identityClientId: identity.outputs.clientId
    hostStorageName: hostStorage.outputs.name
    packageContainer: packageContainer
    stateContainer: stateContainer
    modelStorageName: modelAccount
    modelBlobs: modelBlobs
    endpointsFile: endpointsFile
    watchSchedule: watchSchedule
    sweepSchedule: sweepSchedule
    sasLifetime: sasLifetime
    sasRenewBefore: sasRenewBefore
    vaultUri: vault.outputs.uri
    endpointKeys: endpointKeys
    insightsConnectionString: insights.outputs.connectionString
    subnetId: vnetEnabled ? network!.outputs.appSubnetId : ''
    alwaysReadyInstances: alwaysReadyInstances
  }
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    insightsId: insights.outputs.resourceId
    topicId: modelAccess.outputs.topicId
    email: alertEmail
  }
}

// azd keeps these and hands them to the hooks.
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_APP_PRINCIPAL_ID string = identity.outputs.principalId
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output HOST_STORAGE_NAME string = hostStorage.outputs.name
output SERVICE_APP_NAME string = functionApp.outputs.name
output SERVICE_APP_URI string = functionApp.outputs.uri
output MODEL_ACCOUNT_NAME string = modelAccount
output MODEL_ACCOUNT_GROUP string = modelGroup
output MODEL_TOPIC_NAME string = modelAccess.outputs.topicName
output MODEL_SUBJECT_BEGINS_WITH string = '/blobServices/default/containers/${modelContainer}/blobs/${modelPrefix}'
output MODEL_SUBJECT_ENDS_WITH string = modelSuffix
