//! The event stream on disk, one JSON line per event: what `--record` writes and what a test or a later replay reads.
//! Query texts are left out; secrets and log lines are not part of events in the first place.

use crate::event::Envelope;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// Events that may wait for the disk before some are left out.
const SLOT: usize = 8192;

/// How long the end of a recording may wait for the disk.
const FAREWELL: std::time::Duration = std::time::Duration::from_secs(1);

/// Writes events from a thread of its own: a slow disk must not stop the loop.
pub struct Recorder {
    slot: Option<SyncSender<Envelope>>,
    thread: Option<std::thread::JoinHandle<()>>,
    lost: u64,
}

impl Recorder {
    /// Begins a recording; the file is readable by its owner only, because it names hosts. An existing file is replaced.
    pub fn create(path: &Path) -> io::Result<Recorder> {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        let (slot, events) = sync_channel(SLOT);
        let thread = std::thread::Builder::new().name("record".to_owned()).spawn(move || write(file, &events))?;
        Ok(Recorder { slot: Some(slot), thread: Some(thread), lost: 0 })
    }

    /// Records an event. Never waits: if the disk is too slow the event is left out and counted.
    pub fn record(&mut self, envelope: &Envelope) {
        let copy = Envelope { event: envelope.event.for_recording(), ..envelope.clone() };
        match self.slot.as_ref().map(|slot| slot.try_send(copy)) {
            Some(Err(TrySendError::Full(_))) => {
                self.lost += 1;
                if self.lost.is_power_of_two() {
                    tracing::warn!(lost = self.lost, "the recording cannot keep up; events are left out");
                }
            }
            Some(Err(TrySendError::Disconnected(_))) => self.slot = None,
            Some(Ok(())) | None => {}
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.slot = None;
        // A disk that hangs must not keep the terminal: what it has not taken by then is lost.
        let end = std::time::Instant::now() + FAREWELL;
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) && std::time::Instant::now() < end {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

fn write(file: File, events: &Receiver<Envelope>) {
    let mut out = BufWriter::new(file);
    while let Ok(envelope) = events.recv() {
        // What has piled up meanwhile goes out in the same flush.
        let mut burst = std::iter::once(envelope).chain(events.try_iter());
        let written = burst.try_for_each(|envelope| write_line(&mut out, &envelope)).and_then(|()| out.flush());
        if let Err(error) = written {
            tracing::error!(%error, "the recording ends here");
            return;
        }
    }
}

fn write_line(out: &mut impl Write, envelope: &Envelope) -> io::Result<()> {
    serde_json::to_writer(&mut *out, envelope)?;
    out.write_all(b"\n")
}

/// Reads a recording back. The error names the line.
pub fn read(recording: impl BufRead) -> Result<Vec<Envelope>, String> {
    let parse = |(index, line): (usize, io::Result<String>)| {
        let line = line.map_err(|e| format!("line {}: {e}", index + 1))?;
        serde_json::from_str(&line).map_err(|e| format!("line {}: {e}", index + 1))
    };
    recording.lines().enumerate().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Link, Upstream};
    use crate::model::tests::envelope;

    #[test]
    fn a_recording_reads_back_and_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.jsonl");
        let events: Vec<_> = (0..100).map(|at| envelope(at, Upstream::Redis, "redis-0", Event::Link(Link::Live))).collect();
        let mut recorder = Recorder::create(&path).unwrap();
        events.iter().for_each(|e| recorder.record(e));
        drop(recorder);
        assert_eq!(read(io::BufReader::new(File::open(&path).unwrap())).unwrap(), events);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_broken_line_is_named() {
        assert!(read(&b"{}\n"[..]).unwrap_err().starts_with("line 1: "));
    }
}
