/**
 * `npm run built`, after `npm run build`: what only the built packages have.
 *
 * Tests run the sources. A thread is another file of another name there, and a pool without threads answers all the same, only
 * slower: nothing else would notice that the built one does not start.
 */
import { fileURLToPath } from "node:url"
import { parallelSuite, suite0001 } from "@qpc/crypto/node"
import type { NodeSuite } from "@qpc/crypto/node"

const CHECKS = 600
/** Threads start within a tenth of a second on an idle machine. */
const PATIENCE_MS = 30_000

const entry = fileURLToPath(import.meta.resolve("@qpc/crypto/node"))
if (!entry.endsWith(".js")) throw new Error(`${entry} is a source: run this without --conditions`)

const { publicKey, privateKey } = suite0001.signatureKeyPair(new Uint8Array(suite0001.sizes.signatureSeedBytes))
const message = new Uint8Array(100)
const signature = suite0001.sign(privateKey, message)
const checks = Array.from({ length: CHECKS }, () => ({ publicKey, message, signature }))

let ownCount = CHECKS
const counting: NodeSuite = { ...suite0001, verify: (...check) => (ownCount++, suite0001.verify(...check)) }
const parallel = parallelSuite(counting, { workers: 2, leastChecks: 1 })
const endMs = Date.now() + PATIENCE_MS
while (ownCount === CHECKS && Date.now() < endMs) {
  ownCount = 0
  if (parallel.verifyAll(checks) !== -1) throw new Error("a valid signature is refused")
}
parallel[Symbol.dispose]()

if (ownCount === CHECKS) throw new Error(`the threads of ${entry} do not start, or verify nothing`)
console.log(`built threads verified ${CHECKS - ownCount} of ${CHECKS} signatures`)
