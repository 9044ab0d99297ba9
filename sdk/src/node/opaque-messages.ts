/** What the main thread asks of the OPAQUE worker; the answer to each is one {@link OpaqueAnswer} with the same id. */
export type OpaqueQuestion = { readonly id: number } & (
  | { readonly step: "start_registration"; readonly password: string }
  | {
      readonly step: "finish_registration"
      readonly password: string
      readonly state: string
      readonly response: Uint8Array
    }
  | { readonly step: "start_login"; readonly password: string }
  | { readonly step: "finish_login"; readonly password: string; readonly state: string; readonly response: Uint8Array }
)

/** `message` is absent where the password was wrong; `error` names a failure of the library without any input. */
export interface OpaqueAnswer {
  readonly id: number
  readonly state?: string
  readonly message?: Uint8Array
  readonly error?: string
}
