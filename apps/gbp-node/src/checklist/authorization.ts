import { decodeErrorObject, encodeErrorObject, errorObject, ERROR_REGISTRY } from "@qpc/gbp"
import { encodeCbor } from "@qpc/wire"
import { ControlOpcode, Permissions, SignalType, StreamType } from "gbp-stack"
import type { GspAcceptResult } from "gbp-stack"
import { check, checkEqual } from "./check.ts"
import type { ChecklistItem } from "./item.ts"
import type { Party } from "./party.ts"
import type { Stage } from "./stage.ts"

const MODERATOR = 1
const GUEST = 2
const REQUEST = 41

/** Who may not mute others is refused, with an error that a program can read, and nobody is muted. */
export const authorization: ChecklistItem = {
  number: 8,
  title: "GSP authorization rejection with NACK",
  run: async (stage) => {
    const [alice, bob, carol] = await stage.trio()
    for (const { roles } of [alice, bob, carol]) {
      roles.define({ id: MODERATOR, name: "moderator", permissions: Permissions.SendSignal | Permissions.MuteOthers })
      roles.define({ id: GUEST, name: "guest", permissions: Permissions.SendSignal })
      roles.assign(alice.memberId, MODERATOR)
      roles.assign(bob.memberId, GUEST)
      roles.assign(carol.memberId, GUEST)
    }
    const refused = await mute(stage, carol, bob, alice)
    checkEqual(
      [refused.status, refused.code],
      ["error", ERROR_REGISTRY.GSP_UNAUTHORIZED.code],
      "what bob makes of carol's MUTE",
    )
    check(!bob.gsp.isMuted(alice.memberId), "alice is not muted by somebody who may not")
    checkEqual(await nack(stage, bob, carol), ["GSP_UNAUTHORIZED", "authz", REQUEST], "what carol is told")
    const allowed = await mute(stage, alice, bob, carol)
    checkEqual(allowed.status, "new", "what bob makes of alice's MUTE")
    check(bob.gsp.isMuted(carol.memberId), "carol is muted by somebody who may")
  },
}

/** `from` asks `to` to take `target` for muted, and claims to be a moderator. */
async function mute(stage: Stage, from: Party, to: Party, target: Party): Promise<GspAcceptResult> {
  const args = encodeCbor(new Map([[0, target.memberId]]))
  const { wire } = from.gsp.sendWithArgs(from.node, from.mls, to.memberId, SignalType.Mute, MODERATOR, REQUEST, args)
  const events = await stage.deliver(from, to, wire)
  const payload = events.find(({ kind, streamType }) => kind === "payload_received" && streamType === StreamType.Signal)
  check(payload?.plaintext !== undefined, `${to.name} gets the signal of ${from.name}`)
  return to.gsp.accept(payload.plaintext, to.mls.epoch)
}

/** `from` refuses the request. @returns what `to` reads of it: name, class and which request */
async function nack(stage: Stage, from: Party, to: Party): Promise<unknown> {
  const error = encodeErrorObject(errorObject(ERROR_REGISTRY.GSP_UNAUTHORIZED))
  const { lastTransitionId } = from.node
  const { wire } = from.node.sendControl(from.mls, to.memberId, ControlOpcode.Nack, lastTransitionId, REQUEST, error)
  const event = (await stage.deliver(from, to, wire)).find(({ opcodeCode }) => opcodeCode === ControlOpcode.Nack)
  check(event?.args !== undefined, `${to.name} gets the NACK of ${from.name}`)
  const { reason, class: errorClass } = decodeErrorObject(event.args)
  return [reason, errorClass, event.requestId]
}
