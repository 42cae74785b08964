// The alerts. docs/operate.md says what to do about each, by its name.
param token string
param location string
param tags object
param insightsId string
param topicId string
param email string

// Any line that a query gives is an occasion.
var rules = [
  {
    name: 'functions-failed'
    description: 'A function failed.'
    severity: 2
    every: 'PT15M'
    over: 'PT15M'
    query: loadTextContent('alerts/functions-failed.kql')
  }
  {
    name: 'messages-given-up'
    description: 'The host gave up on a model that landed; sweep will find it.'
    severity: 2
    every: 'PT15M'
    over: 'PT15M'
    query: loadTextContent('alerts/messages-given-up.kql')
  }
  {
    name: 'timer-silent'
    description: 'A timer stopped ticking: nothing is retried, confirmed or renewed.'
    severity: 1
    every: 'PT15M'
    over: 'PT2H'
    query: loadTextContent('alerts/timer-silent.kql')
  }
  {
    name: 'token-near-expiry'
    description: 'A token that serves is near its expiry and was not renewed.'
    severity: 1
    every: 'PT15M'
    over: 'PT30M'
    query: loadTextContent('alerts/token-near-expiry.kql')
  }
  {
    name: 'patch-refused'
    description: 'An endpoint refused a PATCH: a person must look.'
    severity: 2
    every: 'PT15M'
    over: 'PT15M'
    query: loadTextContent('alerts/patch-refused.kql')
  }
]

module receivers 'br/public:avm/res/insights/action-group:0.8.0' = {
  name: 'receivers'
  params: {
    name: 'ag-${token}'
    groupShortName: 'models'
    tags: tags
    emailReceivers: empty(email) ? [] : [
      {
        name: 'operator'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

module queries 'br/public:avm/res/insights/scheduled-query-rule:0.6.0' = [for rule in rules: {
  name: 'alert-${rule.name}'
  params: {
    name: rule.name
    alertDescription: rule.description
    location: location
    tags: tags
    severity: rule.severity
    evaluationFrequency: rule.every
    windowSize: rule.over
    scopes: [insightsId]
    // A table is not there before its first line is.
    skipQueryValidation: true
    criterias: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: { actionGroupResourceIds: [receivers.outputs.resourceId] }
  }
}]

// The same alert for what Event Grid could not deliver, which no log of the app shows.
module deadLetters 'br/public:avm/res/insights/metric-alert:0.4.1' = {
  name: 'alert-dead-letters'
  params: {
    name: 'messages-given-up'
    alertDescription: 'Event Grid gave up on telling of a model that landed; sweep will find it.'
    tags: tags
    severity: 2
    evaluationFrequency: 'PT15M'
    windowSize: 'PT15M'
    scopes: [topicId]
    targetResourceType: 'Microsoft.EventGrid/systemTopics'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allof: [
        {
          name: 'dead-letters'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: 'DeadLetteredCount'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [
      { actionGroupId: receivers.outputs.resourceId }
    ]
  }
}
