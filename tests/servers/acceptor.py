#!/usr/bin/env python3
"""A web server over TLS that looks at a ticket's channel binding, as IIS does where tokenChecking is Require.

acceptor.py ADDRESS PORT CERTIFICATE KEY, with the keytab in KRB5_KTNAME. It ends when its standard input does, and says
of every token on standard output how it was taken: `bound`, `unbound` or `refused MAJOR MINOR`.

Apache's mod_auth_gssapi does not look at channel bindings, hence this: MIT Kerberos by its own calls.
"""

import base64
import ctypes
import hashlib
import http.server
import os
import ssl
import sys
import threading

COMPLETE = 0
CHANNEL_BOUND = 2048  # GSS_C_CHANNEL_BOUND_FLAG, since MIT Kerberos 1.19
PREFIX = b"tls-server-end-point:"


class Buffer(ctypes.Structure):
    _fields_ = [("length", ctypes.c_size_t), ("value", ctypes.c_void_p)]

    @classmethod
    def of(cls, data):
        buffer = cls(len(data), ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p))
        buffer.data = data  # lives as long
        return buffer


class Bindings(ctypes.Structure):
    _fields_ = [
        ("initiator_type", ctypes.c_uint32),
        ("initiator", Buffer),
        ("acceptor_type", ctypes.c_uint32),
        ("acceptor", Buffer),
        ("application", Buffer),
    ]


GSS = ctypes.CDLL("libgssapi_krb5.so.2")


def accept(token, bindings):
    """What a token came to: major and minor status, flags, and what is sent back."""
    minor, flags, ignored = ctypes.c_uint32(), ctypes.c_uint32(), ctypes.c_uint32()
    context, given, reply = ctypes.c_void_p(), Buffer.of(token), Buffer()
    major = GSS.gss_accept_sec_context(
        ctypes.byref(minor), ctypes.byref(context), None, ctypes.byref(given), ctypes.byref(bindings),
        None, None, ctypes.byref(reply), ctypes.byref(flags), None, None,
    )
    sent = ctypes.string_at(reply.value, reply.length) if reply.value else b""
    GSS.gss_release_buffer(ctypes.byref(ignored), ctypes.byref(reply))
    GSS.gss_delete_sec_context(ctypes.byref(ignored), ctypes.byref(context), None)
    return major & 0xFFFFFFFF, minor.value, flags.value, sent


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Negotiate" or not token:
            return self.answer(401, b"")
        binding = Bindings(application=Buffer.of(self.server.binding))
        major, minor, flags, reply = accept(base64.b64decode(token), binding)
        bound = bool(flags & CHANNEL_BOUND)
        took = f"refused {major:#x} {minor:#x}" if major != COMPLETE else "bound" if bound else "unbound"
        print(took, flush=True)
        if major != COMPLETE:
            self.answer(401, reply)
        elif bound:
            self.answer(200, reply)
        else:
            self.answer(401, b"")

    def answer(self, status, token):
        self.send_response(status)
        value = " ".join(["Negotiate", base64.b64encode(token).decode()]).strip()
        self.send_header("WWW-Authenticate", value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    address, port, certificate, key = sys.argv[1:]
    server = http.server.ThreadingHTTPServer((address, int(port)), Handler)
    server.daemon_threads = True
    # RFC 5929, 4.1: SHA-256 is the hash of the test authority's signatures.
    with open(certificate, encoding="ascii") as file:
        server.binding = PREFIX + hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).digest()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()
