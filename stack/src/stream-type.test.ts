import { expect, it } from "vitest"
import { StreamType, streamTypeOf } from "./stream-type.ts"

it("numbers the streams as they are on the wire", () => {
  expect(StreamType).toEqual({ Control: 0, Audio: 1, Text: 2, Signal: 3 })
  expect((["control", "audio", "text", "signal"] as const).map(streamTypeOf)).toEqual([0, 1, 2, 3])
})
