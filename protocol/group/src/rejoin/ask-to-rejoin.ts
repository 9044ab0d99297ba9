import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { sendEnvelope } from "@qpc/envelope"
import { newMessageId, toDeviceKey } from "@qpc/wire"
import type { DeviceKey, GroupId, Random } from "@qpc/wire"
import type { Outgoing } from "../step.ts"
import { encodeRejoinRequest } from "./rejoin-request.ts"

/** What {@link askToRejoin} needs. */
export interface AskToRejoinOptions {
  readonly suite: CipherSuite
  readonly groupId: GroupId
  /** Whose leaf is in the group. Borrowed for the call. */
  readonly device: KeyPair
  /** The last epoch that we were in; 0 where our record of the group is gone. */
  readonly lastEpoch: bigint
  /** Devices that may be in the group: the delivery service passes over those that are not. At least one. */
  readonly recipients: readonly DeviceKey[]
  readonly random: Random
  readonly nowMs: number
}

/** What opens the answers to a request; to be stored, encrypted, before the request leaves, and zeroed with its end. */
export interface AskedRejoin {
  readonly request: Uint8Array
  /** Of the suite's KEM. Secret. */
  readonly privateKey: Uint8Array
}

/** Asks the members of a group to let this device in again, which cannot follow it any more. */
export function askToRejoin(options: AskToRejoinOptions): { readonly asked: AskedRejoin; readonly outgoing: Outgoing } {
  const { suite, groupId, device, lastEpoch, recipients, random, nowMs } = options
  const seed = random(suite.sizes.kemSeedBytes)
  const { publicKey: answerKey, privateKey } = suite.kemKeyPair(seed)
  seed.fill(0)
  const deviceKey = toDeviceKey(device.publicKey)
  const about = { groupId, deviceKey, lastEpoch, askedAtMs: nowMs, suiteId: suite.id, answerKey }
  const request = encodeRejoinRequest(suite, device, about)
  const enveloped = sendEnvelope({ kind: "rejoin_request", groupId, epoch: lastEpoch, sealed: request })
  if (enveloped.kind === "too_large") throw new Error("unreachable: a request is smaller than any envelope may be")
  const deliveries = [{ recipients, envelope: enveloped.bytes }]
  return { asked: { request, privateKey }, outgoing: { messageId: newMessageId(nowMs, random), groupId, deliveries } }
}
