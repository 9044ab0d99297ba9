import type { ClientState } from "ts-mls"
import type { Group } from "@qpc/mls"
import { compare } from "./measure.ts"
import type { Contender, Plan } from "./measure.ts"
import { PrimitiveBound } from "./mls-bound.ts"
import type { MessageSizes } from "./mls-bound.ts"
import { groupOf, protect, receiveText } from "./qpc-group.ts"
import { resultOf } from "./report.ts"
import type { Result } from "./report.ts"
import { TsMls } from "./ts-mls-group.ts"

const SIGNATURE_BYTES = 64
const TS_MLS = "ts-mls 1.6.4"
const BOUND = "node:crypto"

/** Both ways of one application message of `textBytes` in a group of two, against ts-mls and the primitives alone. */
export async function benchMessages(textBytes: number, label: string, plan: Plan): Promise<readonly Result[]> {
  const text = new Uint8Array(textBytes).fill(0x61)
  const ours = groupOf(2)
  const tsMls = await TsMls.load()
  const theirs = await tsMls.groupOf(2)
  const bound = new PrimitiveBound(sizesOf(textBytes))
  const names = (operation: string): Record<string, string> => ({
    [TS_MLS]: `${operation}${label}_vs_tsmls`,
    [BOUND]: `${operation}${label}_vs_bound`,
  })

  const sending: Contender[] = [
    { name: "qpc", run: (count) => repeat(count, () => void protect(ours.creator, text)) },
    tsMlsSender(tsMls, theirs.creator, text),
    { name: BOUND, run: (count) => repeat(count, () => bound.protect()) },
  ]
  const protecting = await compare(sending, plan)

  const again = groupOf(2)
  const theirsAgain = await tsMls.groupOf(2)
  const receiving: Contender[] = [
    receiver(again, text),
    tsMlsReceiver(tsMls, theirsAgain, text),
    { name: BOUND, run: (count) => repeat(count, () => bound.unprotect()) },
  ]
  const unprotecting = await compare(receiving, plan)
  const size = textBytes < 1024 ? `${textBytes} B` : `${textBytes / 1024} KiB`
  return [
    resultOf("mls", `protect ${size}`, protecting, names("protect")),
    resultOf("mls", `unprotect ${size}`, unprotecting, names("unprotect")),
  ]
}

/** What the engine's messages of this length look like inside; see the test beside this file. */
export function sizesOf(textBytes: number): MessageSizes {
  const groupId = vector(16)
  const hash = vector(32)
  const framed = groupId + 8 + (1 + 4) + vector(0) + 1 + vector(textBytes)
  const groupContext = 2 + 2 + groupId + 8 + hash + hash + vector(0)
  return {
    signed: vector("MLS 1.0 FramedContentTBS".length) + vector(2 + 2 + framed + groupContext),
    content: vector(textBytes) + vector(SIGNATURE_BYTES),
    contentAad: groupId + 8 + 1 + vector(0),
    senderDataAad: groupId + 8 + 1,
  }
}

function receiver({ creator, member }: { creator: Group; member: Group }, text: Uint8Array): Contender {
  let messages: Uint8Array[] = []
  return {
    name: "qpc",
    prepare: (count) => {
      messages = Array.from({ length: count }, () => protect(creator, text))
    },
    run: () => {
      for (const message of messages) receiveText(member, message)
    },
  }
}

function tsMlsSender(tsMls: TsMls, start: ClientState, text: Uint8Array): Contender {
  let state = start
  return {
    name: TS_MLS,
    run: async (count) => {
      for (let i = 0; i < count; i++) state = (await tsMls.protect(state, text)).state
    },
  }
}

function tsMlsReceiver(
  tsMls: TsMls,
  start: { readonly creator: ClientState; readonly member: ClientState },
  text: Uint8Array,
): Contender {
  let { creator, member } = start
  let messages: Uint8Array[] = []
  return {
    name: TS_MLS,
    prepare: async (count) => {
      messages = []
      for (let i = 0; i < count; i++) {
        const { state, message } = await tsMls.protect(creator, text)
        creator = state
        messages.push(message)
      }
    },
    run: async () => {
      for (const message of messages) member = await tsMls.receive(member, message)
    },
  }
}

function repeat(count: number, operation: () => void): void {
  for (let i = 0; i < count; i++) operation()
}

/** `opaque x<V>` with its length in front (RFC 9420 §2.1.2). */
function vector(length: number): number {
  return (length < 64 ? 1 : length < 16_384 ? 2 : 4) + length
}
