/*
 * What a company's intercepting proxy has, made once with OpenSSL: an authority that machines were told to trust, and a
 * certificate of it for names of ours. Valid until 2126; used in tests only.
 *
 *   openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj "/CN=Company Proxy" …
 *   openssl x509 -req -CA ca.pem -CAkey ca.key -days 36500 -extfile <subjectAltName=DNS:localhost,DNS:server.qpc.invalid>
 */

/** The authority. */
export const AUTHORITY_PEM = `-----BEGIN CERTIFICATE-----
MIIBhjCCAS2gAwIBAgIURn58Rr/yF2Es/cQYjHa4R3bRgR8wCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNQ29tcGFueSBQcm94eTAgFw0yNjExMjEwMzExNDhaGA8yMTI2
MTAyODAzMTE0OFowGDEWMBQGA1UEAwwNQ29tcGFueSBQcm94eTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABDTiu7pnKvsDopK6fW6sJecT93MiqrEkCelWB/QJ9V6n
6ueiYAIeEvngwbJmYgqzeLl5dz56IuIUC0K/tjqoXCajUzBRMB0GA1UdDgQWBBTM
GgMVWW8G/CId6Ye79iqyz5VFdDAfBgNVHSMEGDAWgBTMGgMVWW8G/CId6Ye79iqy
z5VFdDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIFwUwXuK73me
KO/Jq3dTl0oaozRvOTueOmNT6x8+u/f+AiBdnCjZk0cMkv8DIaAiD/RwGggG/dv7
VtjeUFYKgFJnog==
-----END CERTIFICATE-----
`

/** What the authority signed. */
export const SIGNED_PEM = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUKgAwIBAgIUBPIKn3BBjHBv7xMt3lc5zxmKY2YwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNQ29tcGFueSBQcm94eTAgFw0yNjExMjEwMzExNDhaGA8yMTI2
MTAyODAzMTE0OFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEwlPGtpUbQoDRGDWjk85g/i3VuEvfbfY1CaPjrBXlnFAxhWg2
07N0Pqg9wwAOpDDHSFxwWWmRSgkPBW5VXCYcSqNsMGowKAYDVR0RBCEwH4IJbG9j
YWxob3N0ghJzZXJ2ZXIucXBjLmludmFsaWQwHQYDVR0OBBYEFPWu0p581+tkq8WD
3eCVlWGtc8M/MB8GA1UdIwQYMBaAFMwaAxVZbwb8Ih3ph7v2KrLPlUV0MAoGCCqG
SM49BAMCA0gAMEUCIET791/M4nWO9PI7Q5Ta5otKK4cQh1/xA6/wJv/mAVhyAiEA
qpvuoVNm7Ua/YMWjDuh7n4KFQnw9awjgROAK7oxfwIA=
-----END CERTIFICATE-----
`

/** The key of `SIGNED_PEM`. */
export const SIGNED_KEY_PEM = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgeF+3x5t02BCpTnJ4
/N2jzJe2seUrMePTXaTu2IGPPnShRANCAATCU8a2lRtCgNEYNaOTzmD+LdW4S99t
9jUJo+OsFeWcUDGFaDbTs3Q+qD3DAA6kMMdIXHBZaZFKCQ8FblVcJhxK
-----END PRIVATE KEY-----
`

/** `openssl x509 -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256`, in base64url. */
export const SIGNED_FINGERPRINT = "sha256-5GWfLS6Lq7i03suu2Ew07WozIOc7-Xz5KumEw3BJS4c"
