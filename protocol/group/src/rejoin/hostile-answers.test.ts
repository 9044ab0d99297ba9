import { newXWingSuite, suite0001 as suite } from "@qpc/crypto/node"
import { encodeEnvelope } from "@qpc/envelope"
import { Group } from "@qpc/mls"
import type { GroupInfoOptions } from "@qpc/mls"
import { describe, expect, it } from "vitest"
import { encodeSettings, GROUP_SETTINGS_EXTENSION } from "../group-settings.ts"
import { OUR_EXTENSIONS } from "../group-profile.ts"
import { resolveLimits } from "../member-state.ts"
import { mlsRules } from "../mls-rules.ts"
import { ADMIN_ROLE } from "@qpc/gsp"
import { random, withMallory } from "../testing/lost-device.ts"
import type { Scene } from "../testing/lost-device.ts"
import { rejoinExtension, sealAnswer } from "./rejoin-answer.ts"
import type { RejoinStatement } from "./rejoin-answer.ts"
import { commitKeyOf } from "./sealed-commit.ts"

/** The same bytes but for one bit of the last. */
function flippedAtEnd(bytes: Uint8Array): Uint8Array {
  const last = bytes.length - 1
  return bytes.with(last, bytes[last]! ^ 1)
}

/** An answer with any content, sealed as it should be. */
function answerOf({ request, back }: Scene, groupInfo: Uint8Array, epoch = 2n): Uint8Array {
  const { groupId } = back.earlier!
  const place = { groupId, epoch, requestHash: request.hash }
  const sealed = sealAnswer(suite, request.answerKey, place, groupInfo, random(suite.sizes.kemSeedBytes))!
  return encodeEnvelope({ kind: "rejoin_answer", groupId, epoch, sealed })
}

/** What a member would say, but for what is changed. */
function statementOf({ mallory, request, dave }: Scene, change: Partial<RejoinStatement> = {}): GroupInfoOptions {
  const commitKey = commitKeyOf(suite, mallory.group, request.hash)
  const head = dave.member.signedHead(2n)
  const said = { requestHash: request.hash, commitKey, head, ...change }
  return { externalPub: true, extensions: [rejoinExtension(said)] }
}

/** A group that mallory made up, with the id of ours: dave is in it, and others are not. */
function madeUp(scene: Scene, epochs: number): Group {
  const { mallory, dave, back } = scene
  const group = Group.create({
    suite,
    groupId: back.earlier!.groupId,
    credential: { kind: "basic", identity: mallory.self },
    signatureKeys: mallory.identity,
    random,
    nowMs: 1_800_000_000_000,
    capabilities: { extensions: OUR_EXTENSIONS },
    extensions: mallory.group.extensions,
    ...mlsRules(suite, resolveLimits()),
  })
  for (let made = 0; made < epochs; made++) {
    const adds = made === 0 ? [dave.keyPackage()] : []
    const authenticatedData = new Uint8Array(0)
    const staged = group.stageCommit({ adds, authenticatedData, random, nowMs: 1_800_000_000_000, forcePath: true })
    if (staged.kind === "refused") throw new Error(staged.reason)
    group.merge(staged.staged)
  }
  return group
}

/** Mallory goes on by a commit that gives her all rights, which nobody honest follows. The delivery service took it. */
function crowned(scene: Scene): Uint8Array {
  const { mallory, log, back } = scene
  const { groupId, settings } = back.earlier!
  const assignments = [{ identityKey: mallory.self, role: ADMIN_ROLE }]
  const extensions = mallory.group.extensions.map((one) =>
    one.extensionType === GROUP_SETTINGS_EXTENSION
      ? { ...one, extensionData: encodeSettings({ ...settings!, assignments }) }
      : one,
  )
  const about = { extensions, authenticatedData: new Uint8Array(0), random, nowMs: 1_800_000_000_000 }
  const staged = mallory.group.stageCommit({ ...about, forcePath: true })
  if (staged.kind === "refused") throw new Error(staged.reason)
  mallory.group.merge(staged.staged)
  const head = back.earlier!.signedHead(3n) ?? log.sign({ groupId, epoch: 3n, hash: new Uint8Array(32).fill(1) })
  return answerOf(scene, mallory.group.groupInfo(statementOf(scene, { head })).groupInfo, 3n)
}

describe("an answer to whoever wants back into a group", () => {
  const cases: readonly [string, string, (scene: Scene) => Uint8Array][] = [
    ["an honest one of a member", "entering", (s) => answerOf(s, s.mallory.group.groupInfo(statementOf(s)).groupInfo)],
    [
      "one that was changed on the way",
      "answer_unreadable",
      (s) => flippedAtEnd(answerOf(s, s.mallory.group.groupInfo(statementOf(s)).groupInfo)),
    ],
    [
      "the answer to an earlier request",
      "answer_unreadable",
      (s) => {
        const old = answerOf(s, s.mallory.group.groupInfo(statementOf(s)).groupInfo)
        s.back.ask()
        return old
      },
    ],
    [
      "a statement that somebody else has signed",
      "group_info_refused",
      (s) => {
        const { groupInfo } = s.mallory.group.groupInfo(statementOf(s))
        return answerOf(s, flippedAtEnd(groupInfo))
      },
    ],
    ["no statement at all", "group_info_refused", (s) => answerOf(s, s.mallory.keyPackage())],
    [
      "the state of the group for nobody in particular",
      "statement_missing",
      (s) => answerOf(s, s.mallory.group.groupInfo({ externalPub: true }).groupInfo),
    ],
    [
      "a statement made for another request",
      "statement_missing",
      (s) => {
        const requestHash = new Uint8Array(32).fill(7)
        return answerOf(s, s.mallory.group.groupInfo(statementOf(s, { requestHash })).groupInfo)
      },
    ],
    [
      "another epoch than that of its label",
      "header_mismatch",
      (s) => answerOf(s, s.mallory.group.groupInfo(statementOf(s)).groupInfo, 3n),
    ],
    ["an older epoch", "epoch_too_old", (s) => answerOf(s, madeUp(s, 1).groupInfo(statementOf(s)).groupInfo, 1n)],
    [
      "a tree where others are missing, of an epoch that we know",
      "members_contradict",
      (s) => answerOf(s, madeUp(s, 2).groupInfo(statementOf(s)).groupInfo),
    ],
    [
      "a group that we are not in",
      "own_leaf_missing",
      (s) => {
        const { mallory, world, alice, dave } = s
        alice.send({ kind: "remove", members: [dave.self] })
        alice.flush(world.service)
        mallory.follow(world.service.take(mallory.inboxKey)!)
        return answerOf(s, mallory.group.groupInfo(statementOf(s)).groupInfo, 3n)
      },
    ],
    [
      "nothing of the log that we have followed",
      "head_missing",
      (s) => answerOf(s, s.mallory.group.groupInfo(statementOf(s, { head: undefined })).groupInfo),
    ],
    [
      "a head that the delivery service has not signed",
      "head_unsigned",
      (s) => {
        const head = { hash: new Uint8Array(32).fill(1), signature: new Uint8Array(64) }
        return answerOf(s, s.mallory.group.groupInfo(statementOf(s, { head })).groupInfo)
      },
    ],
    ["the next epoch with roles that she gave herself", "unconfirmed", crowned],
    [
      "other settings of an epoch that we know",
      "members_contradict",
      (s) => {
        s.alice.send({ kind: "rename", name: "orchard" })
        s.world.settle()
        return crowned(s)
      },
    ],
    [
      "a head of another line of epochs",
      "head_contradicts",
      (s) => {
        const head = s.log.sign({ groupId: s.back.earlier!.groupId, epoch: 2n, hash: new Uint8Array(32).fill(1) })
        return answerOf(s, s.mallory.group.groupInfo(statementOf(s, { head })).groupInfo)
      },
    ],
  ]
  it.each(cases)("that is %s: %s", (_, expected, make) => {
    const scene = withMallory()
    const entered = scene.back.enter(make(scene))
    expect(entered.kind === "rejected" ? entered.reason : entered.kind).toBe(expected)
  })
  it("completes the proof of a head of another line of epochs for a device that has ended", () => {
    const scene = withMallory()
    const { dave, mallory, log, back } = scene
    dave.take(dave.member.giveUp())
    const head = log.sign({ groupId: dave.member.groupId, epoch: 2n, hash: new Uint8Array(32).fill(1) })
    const entered = back.enter(answerOf(scene, mallory.group.groupInfo(statementOf(scene, { head })).groupInfo))
    if (entered.kind !== "rejected" || entered.head === undefined) throw new Error("no head came back")
    dave.take(dave.member.noteHead(entered.head, 3n))
    expect(dave.member.serverProof).toMatchObject({ isHalting: true })
    expect(dave.member.isActive).toBe(false)
    expect(dave.events.map(({ kind }) => kind)).toEqual(["server_equivocated"])
    dave.restart()
    expect(dave.member.serverProof).toMatchObject({ isHalting: true })
  })

  it("does not make a device forget what the delivery service signed for the epochs before", () => {
    const { dave, back } = withMallory()
    const before = dave.member.signedHead(1n)
    expect(before).toBeDefined()
    back.go()
    expect(dave.member.epoch).toBe(3n)
    expect(dave.member.signedHead(1n)).toEqual(before)
  })

  it("that is a group of a weaker suite than the one we were in: suite_weaker", () => {
    const xWing = newXWingSuite()
    const scene = withMallory({}, [xWing])
    const { world, log, alice, bob, dave, back } = scene
    alice.send({ kind: "remove", members: [scene.mallory.self] })
    world.settle()
    const keyPackages = [bob, dave].map((device) => device.keyPackage(86_400_000, xWing))
    alice.send({ kind: "change_suite", suiteId: xWing.id, keyPackages })
    world.settle()
    expect(dave.member).toMatchObject({ epoch: 4n, suiteId: xWing.id })
    const head = log.sign({ groupId: back.earlier!.groupId, epoch: 5n, hash: new Uint8Array(32) })
    const { groupInfo } = madeUp(scene, 5).groupInfo(statementOf(scene, { head }))
    expect(back.enter(answerOf(scene, groupInfo, 5n))).toEqual({ kind: "rejected", reason: "suite_weaker" })
  })
})
