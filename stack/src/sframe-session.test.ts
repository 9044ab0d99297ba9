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

  it("of a restored state have keys of their own", () => {
    const { alice, bob } = pair()
    const stored = alice.exportState()
    const first = SFrameSession.create(alice).createEncryptor(alice, 0).encrypt(opus)
    const restored = MlsContext.restoreState(stored)
    const again = SFrameSession.create(restored).createEncryptor(restored, 0).encrypt(opus)
    const bobs = SFrameSession.create(bob)
    expect([first, again].map((frame) => bobs.decrypt(frame).plaintext)).toEqual([opus, opus])
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
