import { Server, ServerCredentials, status } from "@grpc/grpc-js"
import type { sendUnaryData, ServerUnaryCall, UntypedServiceImplementation } from "@grpc/grpc-js"
import { RefusedError, UnsupportedError } from "./calls.ts"
import type { MlsStack } from "./calls.ts"
import { callNameOf, loadService, MESSAGE_LIMIT_BYTES, withBigInts, withStrings } from "./proto.ts"

/** A server that is up. */
export interface Serving {
  readonly port: number
  close(): void
}

/**
 * Offers a stack to the interop harness, on the loopback interface only: the calls hand out private keys.
 *
 * @param port - 0 for any free one.
 */
export async function serve(stack: MlsStack, port: number): Promise<Serving> {
  const service = loadService()
  const handlers: UntypedServiceImplementation = {}
  for (const [method, { originalName }] of Object.entries(service)) {
    const name = callNameOf(method)
    if (!(name in stack)) throw new Error(`the stack has no ${name}`)
    const call = stack[name] as (request: unknown) => unknown
    const handle = (request: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>): void => {
      void answerWith(call, request.request, answer)
    }
    handlers[originalName ?? method] = handle
  }
  const server = new Server({
    "grpc.max_receive_message_length": MESSAGE_LIMIT_BYTES,
    "grpc.max_send_message_length": MESSAGE_LIMIT_BYTES,
  })
  server.addService(service, handlers)
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, actual) => {
      if (error === null) resolve(actual)
      else reject(error)
    })
  })
  return { port: bound, close: () => server.forceShutdown() }
}

async function answerWith(
  call: (request: unknown) => unknown,
  request: unknown,
  answer: sendUnaryData<unknown>,
): Promise<void> {
  try {
    answer(null, withStrings(await call(withBigInts(request))))
  } catch (error) {
    answer({ code: codeOf(error), details: error instanceof Error ? error.message : String(error) })
  }
}

/** Whose fault it was: the stack has no such call, it judged a message, or the caller asked for nonsense. */
function codeOf(error: unknown): status {
  if (error instanceof UnsupportedError) return status.UNIMPLEMENTED
  if (error instanceof RefusedError) return status.FAILED_PRECONDITION
  return error instanceof RangeError || error instanceof TypeError ? status.INVALID_ARGUMENT : status.INTERNAL
}
