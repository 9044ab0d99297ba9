import type { Command } from "../command.ts"
import { conformance } from "./conformance.ts"
import { connect } from "./connect.ts"
import { inspect } from "./inspect.ts"
import { listen } from "./listen.ts"

/** Every command, in the order in which `--help` lists them. */
export const commands: readonly Command[] = [listen, connect, inspect, conformance]
