// Reads a bundle with the libraries that IPLD itself publishes: recomputes the CID of every block, and encodes
// every dag-cbor block again to the same bytes. Prints what it saw as JSON; fails on the first difference.
import { createReadStream } from 'node:fs'
import { CarBlockIterator } from '@ipld/car'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'

const RAW = 0x55
const blocks = await CarBlockIterator.fromIterable(createReadStream(process.argv[2]))
const [root] = await blocks.getRoots()
const seen = { root: root.toString(), blocks: 0, cbor: 0, raw: 0, links: 0, manifest: null }

// A page links the certificates and actions that follow it, a payload the actions before: count them all.
function links (value) {
  if (CID.asCID(value)) return 1
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return 0
  return Object.values(value).reduce((sum, item) => sum + links(item), 0)
}

for await (const { cid, bytes } of blocks) {
  const again = CID.createV1(cid.code, await sha256.digest(bytes))
  if (!again.equals(cid)) throw new Error(`block ${seen.blocks}: ${cid} holds ${again}`)
  seen.blocks++
  if (cid.code === RAW) {
    seen.raw++
    continue
  }
  const value = dagCbor.decode(bytes)
  if (Buffer.compare(Buffer.from(dagCbor.encode(value)), Buffer.from(bytes)) !== 0) {
    throw new Error(`${cid} does not encode to the same bytes`)
  }
  seen.cbor++
  seen.links += links(value)
  if (seen.blocks === 1) {
    if (!cid.equals(root)) throw new Error('the first block is not the root')
    seen.manifest = { type: value.type, height: value.height, pages: value.pages.length }
  }
}
console.log(JSON.stringify(seen))
