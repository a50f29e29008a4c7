// A libp2p client of another make knocks at a node: identifies, pings, and tries every door. Prints what it learnt as JSON.
// usage: node knock.mjs MULTIADDRESS SECONDS
import './older-node.mjs'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const DOORS = [
  '/guildhall/sync/1', '/guildhall/reach/1', '/libp2p/circuit/relay/0.2.0/hop', '/libp2p/circuit/relay/0.2.0/stop', '/libp2p/dcutr'
]
const OPENING = Uint8Array.from([0x24, 0x82, 0x01, 0x58, 0x20, ...new Uint8Array(32)]) // a hello's first message
const NO_MEMBER = Uint8Array.from([0x0a, 0x82, 0x00, 0x88, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40]) // and no second
const GARBAGE = Uint8Array.from([0x05, 0xff, 0xff, 0xff, 0xff, 0xff])

const address = multiaddr(process.argv[2])
const patience = Number(process.argv[3]) * 1000
const heard = []
const client = await createLibp2p({
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionMonitor: { enabled: false },
  services: { identify: identify(), ping: ping(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
})
client.services.pubsub.addEventListener('message', (event) => heard.push(event.detail.topic))
client.services.pubsub.subscribe('guildhall')

const told = await new Promise((resolve, reject) => {
  client.addEventListener('peer:identify', (event) => resolve(event.detail))
  client.dial(address).catch(reject)
})
const connection = client.getConnections()[0]
const result = {
  agent: told.agentVersion,
  version: told.protocolVersion,
  protocols: told.protocols,
  listens: told.listenAddrs.map(String),
  peer: told.peerId.toString(),
  ping_ms: await client.services.ping.ping(connection.remotePeer),
  doors: {},
  topics: [],
  heard
}

async function knock (door, ...words) {
  let received = 0
  const begun = Date.now()
  try {
    const stream = await client.dialProtocol(address, door, { signal: AbortSignal.timeout(patience) })
    const ended = new Promise((resolve) => {
      stream.addEventListener('message', (event) => { received += event.data.byteLength })
      stream.addEventListener('remoteCloseWrite', resolve)
      stream.addEventListener('close', resolve)
    })
    for (const word of words) stream.send(word)
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, patience))])
    stream.abort(new Error('done'))
    return { opened: true, received, ms: Date.now() - begun }
  } catch {
    return { opened: false, received, ms: Date.now() - begun }
  }
}

for (const door of DOORS) result.doors[door] = await knock(door, GARBAGE)
result.doors.hello = await knock('/guildhall/sync/1', OPENING, NO_MEMBER)
result.topics = client.services.pubsub.getSubscribers('guildhall').map(String)
result.connections = client.getConnections().length
console.log(JSON.stringify(result))
await client.stop()
process.exit(0)
