import { nodeRandom, sframeCiphers } from "@qpc/crypto/node"
import { AudioFrameReceiver, AudioKeys, AudioSender, AudioSource, CBOR_AUDIO, mediaSourceIdOf } from "@qpc/gap"
import { PROTOBUF_AUDIO } from "@qpc/gap/protobuf"
import { Receiver, Sender } from "@qpc/gbp"
import type { EpochKeys, Opened, StreamType } from "@qpc/gbp"
import type { Group } from "@qpc/mls"
import { fromHex, toGroupId, toUtf8 } from "@qpc/wire"
import { groupOf } from "../bench/qpc-group.ts"

/** One frame on its way from a member to another, with all the keys that there are in earnest. */
export interface Crossing {
  readonly frame: Uint8Array
  /** What the other member makes of bytes: why they were dropped, or what was in them. */
  readonly receive: (bytes: Uint8Array) => { readonly reason: string } | { readonly payload: Uint8Array }
}

const NOW_MS = 0
const AES_128_GCM = 4

/** The keys of an MLS group as GBP asks for them, unpadded. */
class GroupKeys implements EpochKeys {
  readonly #group: Group

  constructor(group: Group) {
    this.#group = group
  }

  get epoch(): bigint {
    return this.#group.epoch
  }

  get oldestEpoch(): bigint {
    return this.#group.epoch
  }

  seal(plaintext: Uint8Array, authenticatedData: Uint8Array): Uint8Array {
    return this.#group.protect(plaintext, { authenticatedData, random: nodeRandom })
  }

  open(sealed: Uint8Array, authenticatedData: Uint8Array): Opened {
    const received = this.#group.receive(sealed, NOW_MS, { only: "application", authenticatedData })
    if (received.kind === "application") return { ...received, kind: "opened" }
    return { kind: "rejected", reason: "decrypt_failed" }
  }
}

/** A frame of profile 2 that is no audio, between two members of a real MLS group. */
export function frameOfProfile2(streamType: Exclude<StreamType, "audio">): Crossing {
  const { creator, member } = groupOf(2)
  const groupId = toGroupId(creator.groupId.slice())
  const membership = { memberIdOf: (leafIndex: number) => leafIndex, lastTransitionId: 0 }
  const sender = new Sender({ groupId, keys: new GroupKeys(creator), membership }, creator.ownLeafIndex)
  const receiver = new Receiver({ groupId, keys: new GroupKeys(member), membership })
  const framed = sender.send({ streamType, payload: toUtf8("hello"), payloadFormat: 1 })
  if (framed.kind !== "frame") throw new Error(framed.reason)
  return {
    frame: framed.bytes,
    receive: (bytes) => {
      const received = receiver.receive(bytes)
      return received.kind === "payload" ? { payload: received.content.payload } : received
    },
  }
}

/** A frame of audio of profile 2 between two members of a real MLS group; its outer map has all fields that there are. */
export function audioOfProfile2(): Crossing {
  const codecs = [CBOR_AUDIO, PROTOBUF_AUDIO]
  const { creator, member } = groupOf(2)
  const groupId = toGroupId(creator.groupId.slice())
  const source = new AudioSource({ mediaSourceId: mediaSourceIdOf(creator.ownLeafIndex, 0), codec: PROTOBUF_AUDIO })
  const framed = new AudioSender({ groupId, keys: keysOf(creator) }).send(source, fromHex("78aabbcc"))
  if (framed.kind !== "frame") throw new Error(framed.reason)
  const receiver = new AudioFrameReceiver({ groupId, keys: keysOf(member), maySpeak: () => true, limits: { codecs } })
  return {
    frame: framed.bytes,
    receive: (bytes) => {
      const received = receiver.receive(bytes, NOW_MS)
      return received.kind === "audio" ? { payload: received.opus } : received
    },
  }
}

function keysOf(group: Group): AudioKeys {
  const keys = new AudioKeys({ cipher: sframeCiphers.get(AES_128_GCM)!, context: 0n })
  const exportSecret = group.export.bind(group)
  const { epoch, ownLeafIndex } = group
  keys.enterEpoch({ epoch, exportSecret, ownLeafIndex, memberIdOf: (leafIndex) => leafIndex }, NOW_MS)
  return keys
}
