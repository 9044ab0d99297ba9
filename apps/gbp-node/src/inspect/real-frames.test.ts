import { ControlOpcode, GapClient, GroupNode, GtpClient, MlsContext } from "gbp-stack"
import type { GroupNodeOptions } from "gbp-stack"
import { describe, expect, it } from "vitest"
import { explainFrame } from "./explain-frame.ts"

/** Frames as the library seals them for a group of two: text, audio, control. */
function framesOf(options: GroupNodeOptions): Uint8Array[] {
  const [alice, bob] = [MlsContext.create("alice"), MlsContext.create("bob")]
  bob.acceptWelcome(alice.invite(bob.exportKeyPackage()))
  const node = GroupNode.create(7, alice.groupId, options)
  node.bootstrapAsCreator(alice.epoch)
  return [
    GtpClient.create().send(node, alice, 0, 1n, "hello").wire,
    GapClient.create().send(node, alice, 0, 100, 0n, new Uint8Array(80)).wire,
    node.sendControl(alice, 0, ControlOpcode.Ack, 0, 0).wire,
  ]
}

describe("explaining frames that the library sealed", () => {
  it("knows them all in gbp/2, and that text and control look alike", () => {
    const frames = framesOf({}).map(explainFrame)
    expect(frames.map(({ kind, fault }) => [kind, fault])).toEqual([
      ["gbp/2", undefined],
      ["gbp/2 audio", undefined],
      ["gbp/2", undefined],
    ])
    const [text, , control] = frames.map(({ fields }) => fields.map(({ key }) => key))
    expect(text).toEqual(control)
    expect(text).toContain("pl.ciphertext")
  })

  it("names the streams of a member in gbp/1", () => {
    const frames = framesOf({ profile: "gbp/1" }).map(explainFrame)
    expect(frames.map(({ fault }) => fault)).toEqual([undefined, undefined, undefined])
    const streams = frames.map(({ fields }) => fields.find(({ key }) => key === "sid")?.meaning)
    expect(streams).toEqual([
      "the text stream of member 7",
      "the audio stream of member 7",
      "the control stream of member 7",
    ])
  })
})
