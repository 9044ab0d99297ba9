import { suite0001 as suite } from "@qpc/crypto/node"
import { decodeEnvelope, encodeEnvelope, envelopeHeader } from "@qpc/envelope"
import { Group } from "@qpc/mls"
import type { JoinExternallyOptions } from "@qpc/mls"
import { equalBytes, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { OUR_EXTENSIONS } from "../group-profile.ts"
import { random, withMallory } from "../testing/lost-device.ts"
import type { Scene } from "../testing/lost-device.ts"
import { nth } from "../testing/nth.ts"
import { told } from "../testing/world.ts"
import { commitKeyOf, sealCommit } from "./sealed-commit.ts"

const join = (s: Scene, change: Partial<JoinExternallyOptions> = {}): Uint8Array => {
  const { groupId } = s.back.earlier!
  const joined = Group.joinExternally({
    suite,
    groupInfo: s.mallory.group.groupInfo({ externalPub: true }).groupInfo,
    credential: { kind: "basic", identity: s.dave.self },
    signatureKeys: s.dave.keys,
    capabilities: { extensions: OUR_EXTENSIONS },
    replaces: ({ signatureKey }) => equalBytes(signatureKey, s.dave.inboxKey),
    authenticatedData: envelopeHeader({ kind: "commit", groupId, epoch: s.mallory.group.epoch }),
    random,
    // Its author does not care; it is for those who receive it to refuse.
    policy: { credentialValidator: () => undefined },
    ...change,
  })
  if (joined.kind === "rejected") throw new Error(joined.reason)
  return joined.commit
}
const envelopeOf = (s: Scene, sealed: Uint8Array): Uint8Array => {
  const { epoch } = s.mallory.group
  const plain = encodeEnvelope({ kind: "commit", groupId: s.back.earlier!.groupId, epoch, sealed })
  const claim = { epoch, membersAfter: [], authenticatorHash: new Uint8Array(32) }
  const outgoing = { messageId: random(16) as never, groupId: s.back.earlier!.groupId, claim }
  return nth(s.log.label({ ...outgoing, deliveries: [{ recipients: [], envelope: plain }] }).deliveries).envelope
}
const sealed = (s: Scene, commit: Uint8Array, commitKey = commitKeyOf(suite, s.mallory.group, s.request.hash)) => {
  const { epoch } = s.mallory.group
  const place = { groupId: s.back.earlier!.groupId, epoch }
  return envelopeOf(s, sealCommit(suite, { commitKey, requestHash: s.request.hash }, place, commit, random))
}
const memberCommit = ({ mallory }: Scene): Uint8Array => decodeEnvelope(mallory.commit({})).sealed
const stranger = suite.signatureKeyPair(new Uint8Array(32).fill(3))
const asStranger = {
  credential: { kind: "basic", identity: stranger.publicKey },
  signatureKeys: stranger,
} as const

describe("a commit from outside", () => {
  const cases: readonly [string, string, (scene: Scene) => Uint8Array][] = [
    ["that no member made possible", "committer_unknown", (s) => envelopeOf(s, join(s))],
    ["under another key", "decrypt_failed", (s) => sealed(s, join(s), new Uint8Array(16).fill(9))],
    [
      "of somebody who was not in the group",
      "committer_unknown",
      (s) => sealed(s, join(s, { ...asStranger, replaces: undefined as never })),
    ],
    [
      "of a stranger in a member's place",
      "credential_not_successor",
      (s) =>
        sealed(s, join(s, { ...asStranger, replaces: ({ signatureKey }) => equalBytes(signatureKey, s.bob.inboxKey) })),
    ],
    [
      "of another device of the same person",
      "credential_not_successor",
      (s) => {
        const ghost = s.world.secondDevice(s.dave)
        const credential = { kind: "basic", identity: ghost.certificate! } as const
        return sealed(s, join(s, { credential, signatureKeys: ghost.keys }))
      },
    ],
    [
      "with a pre-shared key besides",
      "psk_missing",
      (s) => {
        const psk = { kind: "external", pskId: new Uint8Array(4) } as const
        return sealed(s, join(s, { psks: [psk], pskLookup: () => new Uint8Array(32) }))
      },
    ],
    ["that a member made", "rejoin_not_external", (s) => sealed(s, memberCommit(s))],
    ["that is none", "malformed", (s) => sealed(s, random(40))],
    [
      "that was made for another label",
      "header_mismatch",
      (s) => sealed(s, join(s, { authenticatedData: new Uint8Array(3) })),
    ],
    [
      "of a device that was removed",
      "committer_unknown",
      (s) => {
        s.alice.send({ kind: "remove", members: [s.dave.self] })
        s.world.settle()
        for (let next = s.world.service.take(s.mallory.inboxKey); next; next = s.world.service.take(s.mallory.inboxKey))
          s.mallory.follow(next)
        for (const device of [s.alice, s.bob]) device.events.length = 0
        return sealed(s, join(s, { replaces: undefined as never }))
      },
    ],
    [
      "in a closed group",
      "group_closed",
      (s) => {
        s.alice.send({ kind: "close" })
        s.world.settle()
        for (let next = s.world.service.take(s.mallory.inboxKey); next; next = s.world.service.take(s.mallory.inboxKey))
          s.mallory.follow(next)
        for (const device of [s.alice, s.bob]) device.events.length = 0
        return sealed(s, join(s))
      },
    ],
  ]
  it.each(cases)("%s is not followed: %s", (_, reason, make) => {
    const scene = withMallory()
    const envelope = make(scene)
    const { epoch, epochAuthenticator } = scene.bob.member
    scene.bob.receive(envelope)
    expect(told(scene.bob, "dropped").map((event) => event.reason)).toEqual([reason])
    expect([scene.bob.member.epoch, toHex(scene.bob.member.epochAuthenticator)]).toEqual([
      epoch,
      toHex(epochAuthenticator),
    ])
    scene.bob.restart()
    scene.alice.receive(scene.bob.text("goes on").outgoing[0]?.deliveries[0]?.envelope ?? new Uint8Array(0))
    expect(scene.alice.shown()).toEqual(scene.bob.member.settings?.isClosed === true ? [] : ["goes on"])
  })

  it("of a copy of this device ends it here, and nothing more is tried", () => {
    const scene = withMallory()
    scene.dave.receive(sealed(scene, join(scene)))
    expect(told(scene.dave, "must_rejoin")).toEqual([{ kind: "must_rejoin", epoch: 2n, reason: "replaced_by_copy" }])
    expect(scene.dave.member.condition().ending).toBe("must_rejoin")
    scene.dave.restart()
  })

  it("is followed by all if it is honest", () => {
    const scene = withMallory()
    const envelope = sealed(scene, join(scene))
    for (const device of [scene.alice, scene.bob]) {
      device.receive(envelope)
      expect(told(device, "member_rejoined")).toHaveLength(1)
    }
    scene.bob.receive(envelope)
    expect(told(scene.bob, "dropped").map(({ reason }) => reason)).toEqual(["epoch_too_old"])
  })
})
