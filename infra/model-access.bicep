// What the app may do in the models' storage, and the topic that announces what lands there. The
// account is there already, and so are the containers of the models and of the training data.
param accountName string
param modelContainer string
param trainingContainers array
param topicName string
param identityPrincipalId string
param principalId string
param principalType string
param tags object

var roles = loadJsonContent('roles.json')

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: account
  name: 'default'
}

resource models 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: blobs
  name: modelContainer
}

resource training 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = [for name in trainingContainers: {
  parent: blobs
  name: name
}]

// Copies of the models that served. The name is the app's own.
resource kept 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: 'retrain-kept'
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: 'event-grid-dead-letters'
}

// To sign tokens: of the whole account, as a user delegation key has no smaller scope. What a token
// allows is bounded by the roles on the containers.
resource mayDelegate 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, identityPrincipalId, roles.storageBlobDelegator)
  scope: account
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDelegator)
  }
}

// The host puts what a trigger gave up on into a queue beside the models.
resource mayQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, identityPrincipalId, roles.storageQueueDataContributor)
  scope: account
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageQueueDataContributor)
  }
}

// Writing too: a retraining job puts its model there by a token that the app signs.
resource mayUseModels 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(models.id, identityPrincipalId, roles.storageBlobDataContributor)
  scope: models
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

resource mayKeep 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(kept.id, identityPrincipalId, roles.storageBlobDataContributor)
  scope: kept
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

resource mayReadTraining 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, index) in trainingContainers: {
  name: guid(account.id, name, identityPrincipalId, roles.storageBlobDataReader)
  scope: training[index]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataReader)
  }
}]

// Whoever deploys may put a model there, to see it served.
resource personMayUseModels 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(principalId)) {
  name: guid(models.id, principalId, roles.storageBlobDataContributor)
  scope: models
  properties: {
    principalId: principalId
    principalType: principalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

module topic 'br/public:avm/res/event-grid/system-topic:0.7.0' = {
  name: 'topic'
  params: {
    name: topicName
    location: account.location
    tags: tags
    source: account.id
    topicType: 'Microsoft.Storage.StorageAccounts'
    managedIdentities: { systemAssigned: true }
  }
}

resource topicMayLeaveDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deadLetters.id, topicName, roles.storageBlobDataContributor)
  scope: deadLetters
  properties: {
    principalId: topic.outputs.systemAssignedMIPrincipalId!
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

output topicId string = topic.outputs.resourceId
output topicName string = topic.outputs.name
