import { connectRpc, methods, serveRpc } from "@qpc/rpc"
import type { Handlers, RpcClient } from "@qpc/rpc"
import type { Connection, Listener } from "@qpc/transport"
import { dial, listen, makeCertificate, memoryKnownServers, readCertificate } from "@qpc/transport-quic"
import { compare } from "./measure.ts"
import type { Contender, Plan } from "./measure.ts"
import { resultOf } from "./report.ts"
import type { Result } from "./report.ts"

const IN_FLIGHT = 32
const PAYLOAD = new Uint8Array(100).fill(0x61)
const TLS = "TLS over TCP"

/**
 * Calls per second with 32 in flight and 100 bytes in each request, on QUIC against TLS over TCP. Both ends share this
 * process, so half of the work on either side is the same.
 */
export async function benchRpc(plan: Plan): Promise<Result> {
  const certificate = makeCertificate({ names: ["localhost", "127.0.0.1"], days: 1, now: new Date() })
  await using listener = await listen({ host: "127.0.0.1", port: 0, certificate })
  const serving = serve(listener)
  const { fingerprint } = readCertificate(certificate.certificatePem)
  const store = memoryKnownServers()
  const connect = async (transport: "quic" | "tls"): Promise<Connection> =>
    await dial({ ...listener.address, pin: { fingerprint, store }, transport })
  {
    await using tls = connectRpc(await connect("tls"))
    await using quic = connectRpc(await connect("quic"))
    const contenders = [caller("QUIC", quic), caller(TLS, tls)]
    const measured = await compare(contenders, plan)
    await Promise.all([quic.close(), tls.close(), listener.close()])
    await serving
    return resultOf("rpc", "call, 32 in flight", measured, { [TLS]: "rpc_quic_vs_tls" })
  }
}

function caller(name: string, client: RpcClient): Contender {
  return {
    name,
    run: async (count) => {
      let left = count
      const asker = async (): Promise<void> => {
        while (left-- > 0) await client.call(methods.enqueue, { payload: PAYLOAD })
      }
      await Promise.all(Array.from({ length: IN_FLIGHT }, asker))
    },
  }
}

async function serve(listener: Listener): Promise<void> {
  const handlers = { enqueue: async () => ({ seq: 1n }) } as unknown as Handlers<undefined>
  for await (const connection of listener.connections) serveRpc(connection, { handlers, context: undefined })
}
