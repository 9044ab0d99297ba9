import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { Server, toConfiguration } from "@qpc/server"
import type { OptionTexts, ServerClock, ServerLimits, ServerOptions, Storage } from "@qpc/server"

/** What may be unlike in a server: what its clock says, what signs, and who may sign up. */
export type ServerOddities = Partial<Pick<ServerOptions, "clock" | "suite" | "isRegistrationOpen">>

/** What tells one server of a test from another. */
interface ServerParts extends ServerOddities {
  readonly storage: Storage
  readonly clock: ServerClock
  readonly limits: ServerLimits
  readonly version: string
}

/** The real server, with all its layers, within this process. Accounts are made by hand, and a fault of it is an error of the test. */
export function openServer(parts: ServerParts): Promise<Server> {
  return Server.open({
    suite: suite0001,
    random: nodeRandom,
    rpcLimits: {},
    isRegistrationOpen: false,
    observe: () => undefined,
    onFault: ({ during, error }) => {
      throw new Error(`a fault of the server, ${during}`, { cause: error })
    },
    ...parts,
  })
}

/**
 * Limits for a server in virtual time, which stands still while anything happens: nothing would ever be slow enough.
 *
 * @param options - as on the server's command line
 */
export function virtualLimits(options: OptionTexts = {}): ServerLimits {
  return toConfiguration({ "request-rate": "1000000/1s", ...options }).limits
}
