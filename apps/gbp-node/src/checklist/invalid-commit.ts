import { createHash } from "node:crypto"
import { decodeInvalidCommit, encodeAbort, encodeInvalidCommit, lookupError } from "@qpc/gbp"
import { ControlOpcode, NONCE_REUSE_RISK } from "gbp-stack"
import { check, checkEqual, checkThrows } from "./check.ts"
import type { ChecklistItem } from "./item.ts"
import { liveInvalidCommit } from "./live-scenarios.ts"
import type { Party } from "./party.ts"
import type { Stage } from "./stage.ts"

const COMMIT_INVALID = 0x0007
const NOT_A_COMMIT = Uint8Array.of(1, 2, 3)

/** A commit that a member cannot take is reported and given up; the next attempt is a new transition, and the epoch is one. */
export const invalidCommit: ChecklistItem = {
  number: 4,
  title: "invalid commit recovery",
  runLive: liveInvalidCommit,
  run: async (stage) => {
    await recover(stage)
    await refuseToPrepare(stage)
  },
}

/** Nodes of gbp/1 send whatever they are told to: so does the coordinator here. */
async function recover(stage: Stage): Promise<void> {
  const [alice, bob, carol] = await stage.trio({ profile: "gbp/1", acceptedRisk: NONCE_REUSE_RISK })
  const { wire } = alice.node.sendControl(alice.mls, 0, ControlOpcode.PrepareTransition, 1, 0, NOT_A_COMMIT)
  for (const member of [bob, carol]) await reportInvalid(stage, alice, member, wire)
  const reason = encodeAbort(COMMIT_INVALID)
  const abort = alice.node.sendControl(alice.mls, 0, ControlOpcode.AbortTransition, 1, 0, reason).wire
  for (const member of [bob, carol]) await stage.deliver(alice, member, abort)
  for (const party of [alice, bob, carol]) checkEqual(party.node.pendingTransitionId, 0, `what ${party.name} waits for`)

  const dave = stage.party("dave", 4, { profile: "gbp/1", acceptedRisk: NONCE_REUSE_RISK })
  const added = alice.mls.inviteFull(await stage.carry(dave, alice, dave.mls.exportKeyPackage()))
  await stage.prepare(alice, [bob, carol], 2, added.commit)
  await stage.execute(alice, [bob, carol], 2)
  dave.join(await stage.carry(alice, dave, added.welcome), 2)
  for (const party of [alice, bob, carol, dave]) checkEqual(party.mls.epoch, 2n, `the epoch of ${party.name}`)
  await stage.checkTalk(alice, bob, carol, dave)
}

async function reportInvalid(stage: Stage, coordinator: Party, member: Party, prepare: Uint8Array): Promise<void> {
  const events = await stage.deliver(coordinator, member, prepare)
  const args = events.find(({ opcodeCode }) => opcodeCode === ControlOpcode.PrepareTransition)?.args
  check(args !== undefined, `${member.name} hears of the transition`)
  checkThrows(() => member.mls.processMessage(args), "bad_message", `the commit at ${member.name}`)
  const commitHash = createHash("sha256").update(args).digest()
  const report = encodeInvalidCommit({
    transitionId: 1,
    reasonCode: COMMIT_INVALID,
    commitHash: new Uint8Array(commitHash),
  })
  const { wire } = member.node.sendControl(member.mls, 0, ControlOpcode.ReportInvalidCommit, 1, 0, report)
  const heard = (await stage.deliver(member, coordinator, wire)).find(({ kind }) => kind === "control")
  check(heard?.args !== undefined, `${coordinator.name} hears what ${member.name} reports`)
  const { reasonCode } = decodeInvalidCommit(heard.args)
  checkEqual(lookupError(reasonCode)?.name, "COMMIT_INVALID", "the reason that is reported")
}

/** Nodes of gbp/2 do not even prepare anything but the commit that their own group has staged. */
async function refuseToPrepare(stage: Stage): Promise<void> {
  const [alice, bob, carol] = await stage.trio()
  const prepare = (commit: Uint8Array) => (): unknown =>
    alice.node.sendControl(alice.mls, 0, ControlOpcode.PrepareTransition, 1, 0, commit)
  checkThrows(prepare(NOT_A_COMMIT), "wrong_transition", "PREPARE of what is no commit")
  const commit = alice.mls.removeMember(alice.leafOf(carol))
  const { wire } = alice.node.sendControl(alice.mls, 0, ControlOpcode.PrepareTransition, 1, 0, commit)
  await stage.ready(alice, bob, 1, wire)
  const abort = alice.node.sendControl(
    alice.mls,
    0,
    ControlOpcode.AbortTransition,
    1,
    0,
    encodeAbort(COMMIT_INVALID),
  ).wire
  for (const member of [bob, carol]) await stage.deliver(alice, member, abort)
  await stage.prepare(alice, [bob, carol], 2, alice.mls.removeMember(alice.leafOf(carol)))
  await stage.execute(alice, [bob, carol], 2)
  checkEqual([alice.mls.epoch, bob.mls.epoch], [2n, 2n], "the epochs of alice and bob")
  await stage.checkTalk(alice, bob)
}
