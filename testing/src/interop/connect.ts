import { credentials, makeGenericClientConstructor, status } from "@grpc/grpc-js"
import type { ServiceError } from "@grpc/grpc-js"
import { RefusedError, UnsupportedError } from "./calls.ts"
import type { Calls, MlsStack } from "./calls.ts"
import { callNameOf, loadService, MESSAGE_LIMIT_BYTES, withBigInts, withStrings } from "./proto.ts"

/** A stack on the other end of a connection. */
export interface RemoteStack extends AsyncDisposable {
  readonly calls: MlsStack
  close(): void
}

/** How long one call may take: a commit in a large group with the slowest suite on a busy machine. */
const CALL_LIMIT_MS = 120_000

type Unary = (
  request: unknown,
  options: { readonly deadline: number },
  answer: (error: ServiceError | null, response: unknown) => void,
) => void

/** Connects to a server of the interop harness on this machine. */
export function connect(port: number): RemoteStack {
  const service = loadService()
  const Client = makeGenericClientConstructor(service, "MLSClient")
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": MESSAGE_LIMIT_BYTES,
    "grpc.max_send_message_length": MESSAGE_LIMIT_BYTES,
  })
  const methods = client as unknown as Readonly<Record<string, Unary>>
  const calls = Object.fromEntries(
    Object.keys(service).map((method) => [
      callNameOf(method),
      async (request: unknown) => await callOver(methods[method]!.bind(client), method, request),
    ]),
  ) as unknown as MlsStack
  const close = (): void => client.close()
  return {
    calls,
    close,
    [Symbol.asyncDispose]: async () => await Promise.resolve(close()),
  }
}

async function callOver(call: Unary, method: string, request: unknown): Promise<unknown> {
  const deadline = Date.now() + CALL_LIMIT_MS
  return await new Promise((resolve, reject) => {
    call(withStrings(request), { deadline }, (error, response) => {
      if (error === null) resolve(withBigInts(response))
      else reject(errorOf(error, method))
    })
  })
}

function errorOf(error: ServiceError, method: string): Error {
  const message = `${method}: ${error.details}`
  if (error.code === status.UNIMPLEMENTED) return new UnsupportedError(message)
  if (error.code === status.FAILED_PRECONDITION) return new RefusedError(message)
  return new Error(message, { cause: error })
}

/** Names of all calls, for those who want to see that nothing is missing. */
export function allCalls(): (keyof Calls)[] {
  return Object.keys(loadService()).map(callNameOf)
}
