import { execFile } from "node:child_process"
import { createCipheriv, createSecretKey } from "node:crypto"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { chacha20Poly1305Seal as browserSeal } from "@qpc/crypto/browser"
import { expectKeyReuse, expectNonceReuse, resetNonceMonitor, unwatched } from "@qpc/crypto/conformance"
import { chacha20Poly1305Seal as nodeSeal, suite0001 } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { judgeRecords } from "./watch-run.ts"

const [key, nonce, none] = [new Uint8Array(32).fill(1), new Uint8Array(12).fill(2), new Uint8Array(0)]
const [one, other] = [toUtf8("one"), toUtf8("other")]
const onPurpose = "the monitor is what is tested"

describe.each([
  ["node", nodeSeal],
  ["browser", browserSeal],
])("the nonce monitor on the provider for %s", (_, seal) => {
  it("notices a second message under a key and nonce, and other associated data", () => {
    seal(key, nonce, none, one)
    expectNonceReuse(onPurpose, () => seal(key, nonce, none, other))
    expectNonceReuse(onPurpose, () => seal(key, nonce, one, one))
    expectNonceReuse(onPurpose, () => seal(key, nonce, one.subarray(0, 1), one))
  })

  it("lets the same message pass, and another nonce or key", () => {
    seal(key, nonce, one, one)
    seal(key.slice(), nonce.slice(), one, one)
    seal(key, nonce.with(0, 9), none, other)
    seal(key.with(0, 9), nonce, none, other)
    expect(() => expectNonceReuse(onPurpose, () => seal(key, nonce, one, one))).toThrow(/ is reused, although /)
  })

  it("looks away while an attacker encrypts", () => {
    seal(key, nonce, none, one)
    unwatched(onPurpose, () => seal(key, nonce, none, other))
    seal(key, nonce, none, one)
  })

  it("begins a scope where it is told to", () => {
    seal(key, nonce, none, one)
    resetNonceMonitor()
    seal(key, nonce, none, other)
  })

  it("begins a scope with each run of a property", () => {
    fc.assert(fc.property(fc.uint8Array(), (text) => void seal(key, nonce, none, text)))
  })
})

describe("the nonce monitor", () => {
  it("compares the providers with each other", () => {
    nodeSeal(key, nonce, none, one)
    browserSeal(key, nonce, none, one)
    expectNonceReuse(onPurpose, () => browserSeal(key, nonce, none, other))
  })

  it("sees every cipher mode of Node that takes a nonce, and keys of any form", () => {
    encryptInCounterMode("one")
    expectNonceReuse(onPurpose, () => encryptInCounterMode("other"))
  })

  it("notices a seed of HPKE that is used again", () => {
    const { kemSeedBytes } = suite0001.sizes
    const { publicKey } = suite0001.kemKeyPair(new Uint8Array(kemSeedBytes).fill(1))
    const seed = new Uint8Array(kemSeedBytes).fill(2)
    suite0001.hpkeSeal(publicKey, none, none, one, seed)
    expectNonceReuse(onPurpose, () => suite0001.hpkeSeal(publicKey, none, none, other, seed))
  })

  it("does not take two messages with two nonces for a reuse of the key outside of MLS", () => {
    nodeSeal(key, nonce, none, one)
    expect(() => expectKeyReuse(onPurpose, () => nodeSeal(key, nonce.with(0, 9), none, one))).toThrow(
      /no key is reused/,
    )
  })
})

describe("a program that a test starts", () => {
  it("is watched until it is killed, and compared with its next life", async () => {
    const folder = mkdtempSync(join(tmpdir(), "records-"))
    await expect(encryptAndDie(folder, "one")).rejects.toMatchObject({ signal: "SIGKILL" })
    expect(judgeRecords(folder)).toEqual({ count: 1, fileCount: 1 })
    await expect(encryptAndDie(folder, "one")).rejects.toMatchObject({ signal: "SIGKILL" })
    expect(judgeRecords(folder)).toEqual({ count: 1, fileCount: 2 })
    await expect(encryptAndDie(folder, "other")).rejects.toMatchObject({ signal: "SIGKILL" })
    expect(() => judgeRecords(folder)).toThrow("nonce_reused")
  })

  it("inherits the monitor of the run", () => {
    expect(process.env["NODE_OPTIONS"]).toContain("watch-child.ts?records=file")
  })
})

function encryptInCounterMode(text: string): void {
  const cipher = createCipheriv("aes-256-ctr", createSecretKey(key), new Uint8Array(16))
  cipher.update(text, "utf8", "hex")
  cipher.final("hex")
}

/** A program with one key and one nonce. It kills itself before it could write anything at its end. */
function encryptAndDie(recordFolder: string, text: string): Promise<unknown> {
  const preload = new URL("watch-child.ts", import.meta.url)
  preload.searchParams.set("records", pathToFileURL(recordFolder).href)
  const program = `
    import { createCipheriv } from "node:crypto"
    const cipher = createCipheriv("chacha20-poly1305", Buffer.alloc(32), Buffer.alloc(12), { authTagLength: 16 })
    cipher.update(${JSON.stringify(text)})
    cipher.final()
    process.kill(process.pid, "SIGKILL")`
  const env = { ...process.env, NODE_OPTIONS: `--import=${preload.href}` }
  return promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { env })
}
