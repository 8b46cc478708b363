//! The tables of functions, with the types of the libraries' headers (krb5.h, gssapi.h).

use libloading::Library;
use std::ffi::{c_char, c_int, c_void};

pub(super) type Code = i32;
pub(super) type Handle = *mut c_void;

/// `krb5_data`, and with a number before the length `krb5_keyblock`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Data {
    pub(super) magic: Code,
    pub(super) length: u32,
    pub(super) bytes: *mut c_char,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct KeyBlock {
    pub(super) magic: Code,
    pub(super) encryption: i32,
    pub(super) length: u32,
    pub(super) contents: *mut u8,
}

/// `krb5_creds`: a ticket with its key.
#[repr(C)]
pub(super) struct Credentials {
    pub(super) magic: Code,
    pub(super) client: Handle,
    pub(super) server: Handle,
    pub(super) key: KeyBlock,
    pub(super) times: [i32; 4],
    pub(super) is_second_key: u32,
    pub(super) flags: i32,
    pub(super) addresses: Handle,
    pub(super) ticket: Data,
    pub(super) second_ticket: Data,
    pub(super) authorization: Handle,
}

/// `krb5_keytab_entry`.
#[repr(C)]
pub(super) struct KeytabEntry {
    pub(super) magic: Code,
    pub(super) principal: Handle,
    pub(super) timestamp: u32,
    pub(super) version: u32,
    pub(super) key: KeyBlock,
}

#[repr(C)]
pub(super) struct Buffer {
    pub(super) length: usize,
    pub(super) value: *mut c_void,
}

#[repr(C)]
pub(super) struct Oid {
    pub(super) length: u32,
    pub(super) elements: *const c_void,
}

#[repr(C)]
pub(super) struct OidSet {
    pub(super) count: usize,
    pub(super) elements: *const Oid,
}

#[repr(C)]
pub(super) struct KeyValue {
    pub(super) key: *const c_char,
    pub(super) value: *const c_char,
}

#[repr(C)]
pub(super) struct KeyValueSet {
    pub(super) count: u32,
    pub(super) elements: *const KeyValue,
}

/// `gss_channel_bindings_struct`.
#[repr(C)]
pub(super) struct ChannelBindings {
    pub(super) initiator_type: u32,
    pub(super) initiator: Buffer,
    pub(super) acceptor_type: u32,
    pub(super) acceptor: Buffer,
    pub(super) application: Buffer,
}

/// `krb5_trace_info`: one line of what the library does.
#[repr(C)]
pub(super) struct TraceInfo {
    pub(super) message: *const c_char,
}

/// `krb5_trace_callback`; without a line it is called for the last time.
pub(super) type TraceCallback = unsafe extern "C" fn(Handle, *const TraceInfo, Handle);

/// A table of functions of one library, which stays loaded as long as the table.
macro_rules! functions {
    ($table:ident { $($name:ident($($argument:ty),*) $(-> $result:ty)?;)* }) => {
        #[expect(clippy::struct_field_names, reason = "they are the library's names")]
        pub(super) struct $table {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            _library: Library,
        }

        impl $table {
            pub(super) fn load(library: Library) -> Result<Self, libloading::Error> {
                $(
                    // SAFETY: the type is the one that the library's header declares for that name.
                    let $name = unsafe {
                        *library.get::<unsafe extern "C" fn($($argument),*) $(-> $result)?>(stringify!($name))?
                    };
                )*
                Ok(Self { $($name,)* _library: library })
            }
        }
    };
}

functions!(Krb5 {
    krb5_init_context(*mut Handle) -> Code;
    krb5_free_context(Handle);
    krb5_set_trace_callback(Handle, TraceCallback, Handle) -> Code;
    krb5_get_error_message(Handle, Code) -> *const c_char;
    krb5_free_error_message(Handle, *const c_char);
    krb5_parse_name(Handle, *const c_char, *mut Handle) -> Code;
    krb5_unparse_name(Handle, Handle, *mut *mut c_char) -> Code;
    krb5_free_unparsed_name(Handle, *mut c_char);
    krb5_copy_principal(Handle, Handle, *mut Handle) -> Code;
    krb5_free_principal(Handle, Handle);
    krb5_cc_new_unique(Handle, *const c_char, *const c_char, *mut Handle) -> Code;
    krb5_cc_initialize(Handle, Handle, Handle) -> Code;
    krb5_cc_store_cred(Handle, Handle, *mut Credentials) -> Code;
    krb5_cc_retrieve_cred(Handle, Handle, i32, *mut Credentials, *mut Credentials) -> Code;
    krb5_cc_get_full_name(Handle, Handle, *mut *mut c_char) -> Code;
    krb5_free_string(Handle, *mut c_char);
    krb5_cc_default(Handle, *mut Handle) -> Code;
    krb5_cc_get_principal(Handle, Handle, *mut Handle) -> Code;
    krb5_cc_close(Handle, Handle) -> Code;
    krb5_cc_destroy(Handle, Handle) -> Code;
    krb5_kt_resolve(Handle, *const c_char, *mut Handle) -> Code;
    krb5_kt_start_seq_get(Handle, Handle, *mut Handle) -> Code;
    krb5_kt_next_entry(Handle, Handle, *mut KeytabEntry, *mut Handle) -> Code;
    krb5_kt_end_seq_get(Handle, Handle, *mut Handle) -> Code;
    krb5_free_keytab_entry_contents(Handle, *mut KeytabEntry) -> Code;
    krb5_kt_close(Handle, Handle) -> Code;
    krb5_get_init_creds_keytab(Handle, *mut Credentials, Handle, Handle, i32, *const c_char, Handle) -> Code;
    krb5_get_init_creds_password(
        Handle, *mut Credentials, Handle, *const c_char, Handle, Handle, i32, *const c_char, Handle
    ) -> Code;
    krb5_get_credentials(Handle, i32, Handle, *mut Credentials, *mut *mut Credentials) -> Code;
    krb5_free_cred_contents(Handle, *mut Credentials);
    krb5_free_creds(Handle, *mut Credentials);
});

functions!(Gss {
    gss_import_name(*mut u32, *mut Buffer, *const Oid, *mut Handle) -> u32;
    gss_release_name(*mut u32, *mut Handle) -> u32;
    gss_acquire_cred_from(
        *mut u32, Handle, u32, *const OidSet, c_int, *const KeyValueSet, *mut Handle, Handle, *mut u32
    ) -> u32;
    gss_set_neg_mechs(*mut u32, Handle, *const OidSet) -> u32;
    gss_release_cred(*mut u32, *mut Handle) -> u32;
    gss_init_sec_context(
        *mut u32, Handle, *mut Handle, Handle, *const Oid, u32, u32, *const ChannelBindings, *const Buffer, Handle,
        *mut Buffer, *mut u32, *mut u32
    ) -> u32;
    gss_delete_sec_context(*mut u32, *mut Handle, Handle) -> u32;
    gss_release_buffer(*mut u32, *mut Buffer) -> u32;
    gss_display_status(*mut u32, u32, c_int, *const Oid, *mut u32, *mut Buffer) -> u32;
});
