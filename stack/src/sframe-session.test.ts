import { decodeHeader, decodeMlsKid } from "@qpc/sframe"
import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { AES_128_GCM, AES_256_GCM, MlsContext, SFrameSession } from "./index.ts"
import type { SFrameCipherSuite } from "./index.ts"

function pair(): { readonly alice: MlsContext; readonly bob: MlsContext } {
  const [alice, bob] = [MlsContext.create("alice"), MlsContext.create("bob")]
  bob.acceptWelcome(alice.invite(bob.exportKeyPackage()))
  return { alice, bob }
}
const opus = toUtf8("opus_data")
const encryptorOf = (mls: MlsContext) => SFrameSession.create(mls).createEncryptor(mls, 0)
const contextOf = (frame: Uint8Array) => decodeMlsKid(decodeHeader(frame).kid).context
/** The run after this one, stored as it has to be before it sends media. */
const stored = (mls: MlsContext): MlsContext => {
  const restored = MlsContext.restoreState(mls.exportState())
  restored.exportState()
  return restored
}
const code = (expected: string) => expect.objectContaining({ code: expected })

describe("media frames by hand", () => {
  it.each([AES_128_GCM, AES_256_GCM] as const)(
    "are encrypted with suite %d and decrypted once",
    (suite: SFrameCipherSuite) => {
      const { alice, bob } = pair()
      const encryptor = SFrameSession.create(alice, "gbp/sframe v1", suite).createEncryptor(
        alice,
        0,
        "gbp/sframe v1",
        suite,
      )
      const session = SFrameSession.create(bob, "gbp/sframe v1", suite)
      const frame = encryptor.encrypt(opus)
      expect(session.decrypt(frame)).toEqual({ plaintext: opus, senderLeaf: 0 })
      expect(() => session.decrypt(frame)).toThrow(expect.objectContaining({ code: "bad_message", reason: "replayed" }))
    },
  )

  it("are bound to their additional data and their label", () => {
    const { alice, bob } = pair()
    const encryptor = SFrameSession.create(alice).createEncryptor(alice, 0)
    const frame = encryptor.encrypt(opus, toUtf8("stream-42"))
    expect(() => SFrameSession.create(bob).decrypt(frame, toUtf8("other"))).toThrow(code("bad_message"))
    expect(() => SFrameSession.create(bob, "another").decrypt(frame, toUtf8("stream-42"))).toThrow(code("bad_message"))
    expect(SFrameSession.create(bob).decrypt(frame, toUtf8("stream-42")).plaintext).toEqual(opus)
  })

  it("of several encryptors share one counter: no key and nonce is used twice", () => {
    const { alice, bob } = pair()
    const sessions = [SFrameSession.create(alice), SFrameSession.create(alice)]
    const frames = sessions.flatMap((session) => {
      const encryptor = session.createEncryptor(alice, 0)
      const frame = encryptor.encrypt(opus)
      encryptor.close()
      return [frame, session.createEncryptor(alice, 0).encrypt(opus)]
    })
    const bobs = SFrameSession.create(bob)
    expect(frames.map((frame) => bobs.decrypt(frame).senderLeaf)).toEqual([0, 0, 0, 0])
  })

  it("of each run of a member have keys of their own, by its number: no chance has to keep them apart", () => {
    const { alice, bob } = pair()
    const second = stored(alice)
    const runs = [alice, second, stored(second)]
    const frames = runs.map((mls) => encryptorOf(mls).encrypt(opus))
    expect(frames.map((frame) => contextOf(frame) >> 20n)).toEqual([0n, 1n, 2n])
    expect(frames.map((frame) => decodeHeader(frame).counter)).toEqual([0n, 0n, 0n])
    const bobs = SFrameSession.create(bob)
    expect(frames.map((frame) => bobs.decrypt(frame).plaintext)).toEqual([opus, opus, opus])
  })

  it("are refused after a restart until the state is stored: a crash would lead to another run of that number", () => {
    const { alice, bob } = pair()
    const restored = MlsContext.restoreState(alice.exportState())
    expect(() => encryptorOf(restored)).toThrow(code("state_not_stored"))
    restored.removeMember(bob.leafIndex)
    restored.finalizeCommit()
    expect(() => encryptorOf(restored)).toThrow(code("state_not_stored"))
    restored.exportState()
    expect(contextOf(encryptorOf(restored).encrypt(opus)) >> 20n).toBe(1n)
  })

  it("come back from a state of before runs were counted, as the run after the first", () => {
    const { alice } = pair()
    const old = alice.exportState().slice(0, -4)
    old[0] = 1
    const restored = MlsContext.restoreState(old)
    restored.exportState()
    expect(contextOf(encryptorOf(restored).encrypt(opus)) >> 20n).toBe(1n)
  })

  it("of whoever restores one state twice have other keys by chance", () => {
    const { alice } = pair()
    const contexts = Array.from({ length: 4 }, () => contextOf(encryptorOf(stored(alice)).encrypt(opus)))
    expect(contexts.map((context) => context >> 20n)).toEqual([1n, 1n, 1n, 1n])
    expect(new Set(contexts).size).toBeGreaterThan(1)
  })

  it("are encrypted for our own leaf alone, while its epoch lasts", () => {
    const { alice, bob } = pair()
    const session = SFrameSession.create(alice)
    expect(() => session.createEncryptor(alice, 1)).toThrow(RangeError)
    expect(() => SFrameSession.create(alice, "x", 7 as SFrameCipherSuite)).toThrow(RangeError)
    const encryptor = session.createEncryptor(alice, 0)
    alice.removeMember(bob.leafIndex)
    alice.finalizeCommit()
    expect(() => session.createEncryptor(alice, 0)).toThrow(code("other_group"))
    expect(() => encryptor.encrypt(opus)).toThrow(code("closed"))
  })

  it("are over with the group: in another one they have its keys, though its epoch has the same number", () => {
    const { bob } = pair()
    const founder = MlsContext.create("founder")
    const old = SFrameSession.create(bob).createEncryptor(bob, 1)
    bob.acceptWelcome(founder.invite(bob.exportKeyPackage()))
    const frame = SFrameSession.create(bob).createEncryptor(bob, 1).encrypt(opus)
    expect(SFrameSession.create(founder).decrypt(frame)).toEqual({ plaintext: opus, senderLeaf: 1 })
    expect(() => old.encrypt(opus)).toThrow(code("closed"))
  })

  it("are over with the context", () => {
    const { alice } = pair()
    const encryptor = SFrameSession.create(alice).createEncryptor(alice, 0)
    alice.close()
    expect(() => encryptor.encrypt(opus)).toThrow(code("closed"))
  })
})
