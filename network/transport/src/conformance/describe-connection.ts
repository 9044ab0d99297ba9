import { describe } from "vitest"
import type { ConnectionMaker } from "./connection-pair.ts"
import { describeEndings } from "./endings.ts"
import { describeStream } from "./stream.ts"

/**
 * Checks every promise of `Connection`. Call it at the top level of a test file.
 *
 * @param name - of the transport, for the report
 */
export function describeConnection(name: string, maker: ConnectionMaker): void {
  describe(`${name} connection`, () => {
    describeStream(maker)
    describeEndings(maker)
  })
}
