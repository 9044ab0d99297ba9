import type { Command } from "../command.ts"
import { inspect } from "./inspect.ts"

/** Every command, in the order in which `--help` lists them. */
export const commands: readonly Command[] = [inspect]
