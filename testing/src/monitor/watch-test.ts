/** Setup of every test file: a test fails if it has one key and nonce encrypt two messages, whoever calls. */
import type { NonceMonitor } from "@qpc/crypto/conformance"
import fc from "fast-check"
import { afterAll, afterEach, beforeEach, inject } from "vitest"
import { describeReuse, EncryptionLedger } from "./encryption-ledger.ts"
import type { Encryption, Reuse } from "./encryption-ledger.ts"
import { watchNobleCiphers } from "./watch-noble.ts"
import { watchNodeCiphers } from "./watch-node.ts"

/** In one test, or one run of a property: about 100 MB. */
const LIMIT = 250_000
const SHOWN_REUSES = 3

/** What lasts as long as the thread, which may run several test files. */
class TestMonitor implements NonceMonitor {
  readonly reuses: Reuse[] = []
  isPaused = false
  readonly #ledger = new EncryptionLedger(LIMIT)

  note(encryption: Encryption): void {
    if (this.isPaused) return
    const reuse = this.#ledger.note(encryption)
    if (reuse !== undefined) this.reuses.push(reuse)
  }

  reset(): void {
    this.#ledger.clear()
  }

  /** Reports after the code under test is done: what is thrown inside of it, it might catch. */
  report(): void {
    const found = this.reuses.splice(0)
    if (found.length > 0) throw new Error(found.slice(0, SHOWN_REUSES).map(describeReuse).join("\n"))
  }
}

/** Where `@qpc/crypto/conformance` looks for it. */
const PLACE = Symbol.for("qpc.nonce-monitor")

function startMonitor(): TestMonitor {
  const monitor = new TestMonitor()
  const onEncryption = (encryption: Encryption): void => monitor.note(encryption)
  watchNodeCiphers(onEncryption)
  watchNobleCiphers(onEncryption)
  Reflect.set(globalThis, PLACE, monitor)
  return monitor
}

const monitor = (Reflect.get(globalThis, PLACE) as TestMonitor | undefined) ?? startMonitor()

// Another file may have run in this thread, from the same seeds; what this one makes before its first test counts from here.
monitor.reset()

// Tests and the runs of a property start from the same seeds, and so make the same keys for other messages.
beforeEach(() => monitor.reset())
fc.configureGlobal({ beforeEach: () => monitor.reset() })
afterEach(() => monitor.report())
afterAll(() => monitor.report())

process.env["NODE_OPTIONS"] = inject("watchedNodeOptions")
