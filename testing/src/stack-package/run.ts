import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"

/**
 * Runs a program and returns what it printed.
 *
 * @throws Error with everything that it said, unless it ends well
 */
export async function run(program: string, args: readonly string[], folder: string): Promise<string> {
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] })
  const said = Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = (await once(child, "close")) as [number | null]
  const [output, complaints] = await said
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}\n${output}\n${complaints}`)
  return output
}
