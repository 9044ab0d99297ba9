import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { connect } from "./connect.ts"
import type { RemoteStack } from "./connect.ts"
import type { StackName } from "./stacks.ts"

/** A server in a process of its own, and the connection to it. */
export interface Instance {
  readonly stack: StackName
  readonly remote: RemoteStack
  stop(): Promise<void>
}

/** How long an instance may live: the full matrix takes a fraction of it. It also ends with the process that started it. */
const LIFETIME_MINUTES = 120

/** How long an instance may take until it listens. */
const START_LIMIT_MS = 30_000

/** Starts a server on a free port of the loopback interface. */
export async function startInstance(stack: StackName): Promise<Instance> {
  const main = fileURLToPath(new URL("server-main.ts", import.meta.url))
  const child = fork(main, ["--port", "0", "--stack", stack, "--minutes", String(LIFETIME_MINUTES)], {
    execArgv: ["--conditions=@qpc/source"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  })
  const signal = AbortSignal.timeout(START_LIMIT_MS)
  try {
    const ended = once(child, "exit", { signal }).then(([code]: unknown[]) => {
      throw new Error(`${stack} ended with code ${String(code)} before it listened`)
    })
    const listening = once(child, "message", { signal }) as Promise<[{ readonly port: number }]>
    const [{ port }] = await Promise.race([listening, ended])
    const remote = connect(port)
    const stop = async (): Promise<void> => {
      remote.close()
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill()
      await once(child, "exit")
    }
    return { stack, remote, stop }
  } catch (error) {
    child.kill()
    throw error
  }
}
