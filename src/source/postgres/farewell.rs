//! TLS that is closed with a word. An owner that drops a connection has no time to wait for anything; without "close notify" the
//! server takes that for a broken network and logs it. One attempt is made to say it, and nothing is waited for.

use futures::TryFutureExt;
use futures::future::MapOk;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// Connects as the one within, and sees to the end of what comes of it.
pub(super) struct Farewell<T>(pub(super) T);

impl<S, T: TlsConnect<S>> TlsConnect<S> for Farewell<T> {
    type Stream = Parting<T::Stream>;
    type Error = T::Error;
    type Future = MapOk<T::Future, fn(T::Stream) -> Parting<T::Stream>>;

    fn connect(self, stream: S) -> Self::Future {
        self.0.connect(stream).map_ok(Parting)
    }
}

/// A stream that is shut down when it is dropped.
pub(super) struct Parting<S: AsyncWrite + Unpin>(S);

impl<S: AsyncWrite + Unpin> Drop for Parting<S> {
    fn drop(&mut self) {
        // Whatever cannot be written at once is not written at all.
        let _ = Pin::new(&mut self.0).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    }
}

impl<S: TlsStream + Unpin> TlsStream for Parting<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.0.channel_binding()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Parting<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Parting<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
