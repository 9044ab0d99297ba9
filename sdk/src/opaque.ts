/**
 * The client's half of OPAQUE (RFC 9807 §5–6) over ristretto255: the password never leaves this machine.
 *
 * Both finishing steps stretch the password with Argon2id for about half a second; an implementation does that away from
 * the thread that serves the network (`@qpc/sdk/node` uses a worker thread, a browser uses a worker).
 * `state` strings are secret and live for one exchange.
 */
export interface OpaqueClient extends AsyncDisposable {
  startRegistration(password: string): Promise<{ readonly state: string; readonly request: Uint8Array }>
  /** The record that the server keeps: `upload` in `OpaqueRegisterFinishRequest`. */
  finishRegistration(password: string, state: string, response: Uint8Array): Promise<Uint8Array>
  startLogin(password: string): Promise<{ readonly state: string; readonly request: Uint8Array }>
  /** `finalization` in `OpaqueLoginFinishRequest`; `undefined` for a wrong password or an unknown user. */
  finishLogin(password: string, state: string, response: Uint8Array): Promise<Uint8Array | undefined>
}
