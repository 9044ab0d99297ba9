import { describe, expect, it } from "vitest"
import { describeReuse, EncryptionLedger } from "./encryption-ledger.ts"
import type { Encryption } from "./encryption-ledger.ts"

const encryption = (key: string, nonce: string, message: string, changes: Partial<Encryption> = {}): Encryption => ({
  key,
  nonce,
  message,
  isSingleUse: false,
  site: `${key} ${nonce} ${message}`,
  ...changes,
})
const once = { isSingleUse: true }

describe("the ledger of encryptions", () => {
  it("lets a key serve many nonces and a nonce many keys", () => {
    const ledger = new EncryptionLedger(10)
    const all = [encryption("k", "1", "a"), encryption("k", "2", "b"), encryption("j", "1", "c")]
    expect(all.map((each) => ledger.note(each))).toEqual([undefined, undefined, undefined])
    expect(ledger.count).toBe(3)
  })

  it("takes the same message under the same key and nonce for a replay", () => {
    const ledger = new EncryptionLedger(10)
    ledger.note(encryption("k", "1", "a"))
    expect(ledger.note(encryption("k", "1", "a", once))).toBeUndefined()
    expect(ledger.count).toBe(1)
  })

  it("tells of a second message under a key and nonce, with both places", () => {
    const ledger = new EncryptionLedger(10)
    ledger.note(encryption("k", "1", "a"))
    ledger.note(encryption("k", "2", "b"))
    const reuse = { code: "nonce_reused", first: "k 1 a", again: "k 1 c" } as const
    expect(ledger.note(encryption("k", "1", "c"))).toEqual(reuse)
    expect(describeReuse(reuse)).toBe(
      "a key and nonce encrypted two messages (nonce_reused)\n  first: k 1 a\n  again: k 1 c",
    )
  })

  it.each([
    ["first", once, {}],
    ["second", {}, once],
  ])("tells of a key for one message that encrypts twice, whatever the nonce: known by the %s", (_, first, second) => {
    const ledger = new EncryptionLedger(10)
    ledger.note(encryption("k", "1", "a", first))
    expect(ledger.note(encryption("k", "2", "a", second))).toMatchObject({ code: "key_reused", first: "k 1 a" })
  })

  it("says so when it is full, instead of forgetting", () => {
    const ledger = new EncryptionLedger(1)
    ledger.note(encryption("k", "1", "a"))
    expect(ledger.note(encryption("k", "2", "b"))).toMatchObject({ code: "monitor_full" })
    expect(ledger.note(encryption("k", "1", "b"))).toMatchObject({ code: "nonce_reused" })
  })

  it("begins anew when it is cleared", () => {
    const ledger = new EncryptionLedger(1)
    ledger.note(encryption("k", "1", "a"))
    ledger.clear()
    expect(ledger.note(encryption("k", "1", "b"))).toBeUndefined()
  })
})
