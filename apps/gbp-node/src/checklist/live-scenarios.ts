import { fromUtf8 } from "@qpc/wire"
import type { LiveIdentity } from "gbp-stack"
import { check, checkEqual } from "./check.ts"
import type { LiveStage } from "./live-stage.ts"

const PARTITION_MS = 40_000
const AFTER_MS = 30_000

/** Item 2 in a live group: members come in and one is removed, by the control plane alone. */
export async function liveMembership(stage: LiveStage): Promise<void> {
  await trio(stage)
  await stage.checkTalk(1, 2, 3)
  stage.act(1, (member, nowMs) => member.remove(2, nowMs))
  await stage.settle(AFTER_MS)
  checkEqual(
    [stage.at(1).memberIds, stage.at(3).memberIds],
    [
      [1, 3],
      [1, 3],
    ],
    "the members that 1 and 3 see",
  )
  checkEqual(stage.epochCount(1, 3), 1, "how many epochs members 1 and 3 are in")
  checkEqual(stage.at(2).endpoint, "closed", "the state of member 2, who is removed")
  await stage.checkTalk(1, 3)
}

/**
 * Item 3: the coordinator is lost while the others do not hear each other, so both take its place; then they meet, and one of them gives
 * way. Which one depends on who was isolated for how long.
 */
export async function liveTieBreak(stage: LiveStage): Promise<void> {
  await trio(stage)
  stage.passes = () => false
  stage.lose(1)
  await stage.settle(PARTITION_MS)
  checkEqual(
    [2, 3].map((id) => stage.at(id).coordinatorId),
    [2, 3],
    "whom members 2 and 3, apart, take for coordinator",
  )
  stage.passes = () => true
  await stage.settle(PARTITION_MS)
  const { coordinatorId } = stage.at(2)
  checkEqual(stage.at(3).coordinatorId, coordinatorId, "who coordinates for member 3")
  checkEqual(
    [stage.at(2).memberIds, stage.at(3).memberIds],
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
    "the members before anything else",
  )
  stage.act(coordinatorId, (member, nowMs) => member.remove(1, nowMs))
  await stage.settle(AFTER_MS)
  checkEqual(
    [stage.at(2).memberIds, stage.at(3).memberIds],
    [
      [2, 3],
      [2, 3],
    ],
    "the members that 2 and 3 see",
  )
  checkEqual(stage.epochCount(2, 3), 1, "how many epochs members 2 and 3 are in")
  await stage.checkTalk(2, 3)
}

/** Item 4: a member does not follow a commit; it is given up, nobody is in another epoch, and the next one goes through. */
export async function liveInvalidCommit(stage: LiveStage): Promise<void> {
  await trio(stage, acceptsAllButFour)
  const { epoch } = stage.at(1)
  check(!(await stage.invite(4)), "member 4, whom members 2 and 3 refuse, does not come in")
  await stage.settle(AFTER_MS)
  checkEqual(
    [1, 2, 3].map((id) => stage.at(id).epoch),
    [epoch, epoch, epoch],
    "the epochs after it",
  )
  checkEqual(
    [1, 2, 3].map((id) => stage.at(id).pendingTransitionId),
    [0, 0, 0],
    "what is under way after it",
  )
  check(await stage.invite(5), "member 5 comes in")
  checkEqual(stage.epochCount(1, 2, 3, 5), 1, "how many epochs the members are in")
  await stage.checkTalk(1, 2, 3, 5)
}

async function trio(stage: LiveStage, accepts?: LiveIdentity["accepts"]): Promise<void> {
  stage.found()
  for (const memberId of [2, 3]) check(await stage.invite(memberId, accepts), `member ${memberId} comes in`)
  checkEqual(stage.epochCount(1, 2, 3), 1, "how many epochs members 1, 2 and 3 are in")
}

const acceptsAllButFour: LiveIdentity["accepts"] = ({ credential }) =>
  credential.kind === "basic" && fromUtf8(credential.identity) !== "member 4"
