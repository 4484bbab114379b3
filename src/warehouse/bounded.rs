//! Connections with bounded messages ([`Framing`]), encrypted or not.
//!
//! The `postgres` crate reads from a stream provided by a TLS connector. Ours provide the connector's stream or the
//! plain one, and watch what is read. The server's one-byte answer to the TLS request is read by the crate itself.

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready as ready_or_return};

use postgres::Socket;
use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::framing::Framing;

/// A stream that fails if a message in it is too long.
pub(super) struct Bounded<S> {
    stream: S,
    framing: Framing,
    binding: fn(&S) -> ChannelBinding,
}

impl<S> Bounded<S> {
    fn new(stream: S, binding: fn(&S) -> ChannelBinding) -> Self {
        Self {
            stream,
            framing: Framing::default(),
            binding,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready_or_return!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        Poll::Ready(self.framing.follow(read))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Bounded<S> {
    fn channel_binding(&self) -> ChannelBinding {
        (self.binding)(&self.stream)
    }
}

/// "Connects" without encryption. With [`postgres::config::SslNegotiation::Direct`] the server is not asked for it.
#[derive(Clone, Copy)]
pub(super) struct Plain;

impl MakeTlsConnect<Socket> for Plain {
    type Stream = Bounded<Socket>;
    type TlsConnect = Self;
    type Error = Infallible;

    fn make_tls_connect(&mut self, _host: &str) -> Result<Self, Infallible> {
        Ok(*self)
    }
}

impl TlsConnect<Socket> for Plain {
    type Stream = Bounded<Socket>;
    type Error = Infallible;
    type Future = Ready<Result<Bounded<Socket>, Infallible>>;

    fn connect(self, stream: Socket) -> Self::Future {
        ready(Ok(Bounded::new(stream, |_| ChannelBinding::none())))
    }
}

/// Connects like a TLS connector.
pub(super) struct Encrypted<C>(pub(super) C);

impl<C> MakeTlsConnect<Socket> for Encrypted<C>
where
    C: MakeTlsConnect<Socket>,
    <C::TlsConnect as TlsConnect<Socket>>::Future: Unpin,
{
    type Stream = Bounded<C::Stream>;
    type TlsConnect = Encrypted<C::TlsConnect>;
    type Error = C::Error;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, Self::Error> {
        self.0.make_tls_connect(host).map(Encrypted)
    }
}

impl<C> TlsConnect<Socket> for Encrypted<C>
where
    C: TlsConnect<Socket>,
    C::Future: Unpin,
{
    type Stream = Bounded<C::Stream>;
    type Error = C::Error;
    type Future = Handshake<C::Future>;

    fn connect(self, stream: Socket) -> Self::Future {
        Handshake(self.0.connect(stream))
    }
}

/// A handshake whose result is a bounded stream.
pub(super) struct Handshake<F>(F);

impl<F, S, E> Future for Handshake<F>
where
    F: Future<Output = Result<S, E>> + Unpin,
    S: TlsStream,
{
    type Output = Result<Bounded<S>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let shaken = ready_or_return!(Pin::new(&mut self.0).poll(context));
        Poll::Ready(shaken.map(|stream| Bounded::new(stream, S::channel_binding)))
    }
}
