// The optional network: a subnet for the app, one for private endpoints, and the names they need.
param name string
param location string
param tags object

var zones = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  vault: 'privatelink.vaultcore.azure.net'
}

module network 'br/public:avm/res/network/virtual-network:0.10.1' = {
  name: 'virtual-network'
  params: {
    name: name
    location: location
    tags: tags
    addressPrefixes: ['10.0.0.0/16']
    subnets: [
      {
        name: 'app'
        addressPrefix: '10.0.1.0/24'
        delegation: 'Microsoft.App/environments'
      }
      {
        name: 'private-endpoints'
        addressPrefix: '10.0.2.0/24'
        privateEndpointNetworkPolicies: 'Disabled'
      }
    ]
  }
}

module dnsZones 'br/public:avm/res/network/private-dns-zone:0.8.1' = [for zone in items(zones): {
  name: 'dns-${zone.key}'
  params: {
    name: zone.value
    tags: tags
    virtualNetworkLinks: [
      { virtualNetworkResourceId: network.outputs.resourceId }
    ]
  }
}]

output appSubnetId string = network.outputs.subnetResourceIds[0]
output privateEndpointSubnetId string = network.outputs.subnetResourceIds[1]
output dnsZoneIds object = toObject(
  items(zones),
  zone => zone.key,
  zone => resourceId('Microsoft.Network/privateDnsZones', zone.value)
)
