/** The browser end of one verified call. */

/** Who agreed to be enrolled, what for, and to exactly which text. */
export interface Consent {
  subject: string;
  purpose: string;
  text: string;
  /** Until when it counts, ISO 8601; the server's own limit where that is nearer. */
  expires_at?: string;
}

/** How much of a track is sent at most. */
export interface Limits {
  longSidePx: number;
  shortSidePx: number;
  frameRateHz: number;
  videoBitrateBps: number;
  /** Where Chromium's estimate begins. */
  startBitrateBps: number;
  audioBitrateBps: number;
}

/** A token, or a function that gets a fresh one for each connection. */
export type TokenSource = string | null | undefined | (() => string | null | Promise<string | null>);

export interface StreamVerifierOptions {
  /** Whom to verify or enrol. */
  identity: string;
  /** Of the server, or of its call; by default the server that the module came from. */
  url?: string;
  token?: TokenSource;
  mode?: "verify" | "enrol";
  /** Required to enrol. */
  consent?: Consent | null;
  /** Overwrite an enrolled reference. */
  replace?: boolean;
  /** Add to an enrolled reference, in place of replacing it. */
  add?: boolean;
  /** Where states change; the server's default without. */
  operatingPoint?: string | null;
  /** By default the server's own: no third party is asked. */
  iceServers?: RTCIceServer[] | null;
  /** How long to try to get back; by default as long as the server keeps the session. */
  giveUpAfterS?: number | null;
  limits?: Partial<Limits>;
  /** Kinds that the page shows to the person when they are asked; in doubt no other is asked. */
  challenges?: readonly ChallengeKind[];
  /** Tell the server what the camera is called, if the person agreed to that; no by default. */
  tellCamera?: boolean;
}

export type ChallengeKind = "turn_head" | "say_digits" | "watch_colours";

export type State = "waiting" | "verified" | "uncertain" | "rejected" | "absent";
export type Kind = "audio" | "video";

/** What every numbered event of the server has. */
export interface Numbered {
  v: number;
  seq: number;
  session: string;
  type: string;
  /** Media time in seconds from the start of the call. */
  media_s: number;
  /** Wall time, ISO 8601 in UTC. */
  wall: string;
  /** How many scores before it a call is not told, on purpose; seq counts them. */
  untold?: number;
  /** When it came, in milliseconds since the epoch. */
  receivedAt: number;
}

/** The room of another server that a call's media is fetched from. */
export interface Origin {
  host: string;
  attachment: string;
  room: string;
  feed: string;
}

export interface SessionStarted extends Numbered {
  mode: "verify" | "enrol";
  identity: string;
  model: string;
  comparator: string;
  /** Log-odds from which up it is verified, and from which down it is rejected. */
  operating_point: {
    name: string; accept: number; reject: number;
    /** What must be believed of each side before the call becomes verified; left out where no more is asked for. */
    sure?: { face: number; voice: number } | null;
  } | null;
  /** Left out where its client sends its media. */
  origin?: Origin | null;
  /** The model that the person was enrolled with, where the reference was moved to this one: enrolling again is surer. */
  adapted_from?: string | null;
  camera_signs?: readonly ("virtual_camera" | "no_device")[] | null;
}

export interface MediaStarted extends Numbered {
  kind: Kind;
}

/** Log-odds that face, voice and both are the enrolled person's. */
export interface Evidence {
  face: number;
  voice: number;
  both: number;
}

/** For each: 1 speaks for the person, -1 against, 0 is unclear. */
export interface Bar {
  face: -1 | 0 | 1;
  voice: -1 | 0 | 1;
  both: -1 | 0 | 1;
}

export interface Score extends Numbered {
  start_s: number;
  end_s: number;
  /** What of this window was compared. */
  scored: ("face" | "voice")[];
  /** What the window alone says; null over the wire. */
  face: { llr: number } | null;
  voice: { llr: number } | null;
  fused: { llr: number; of: ("face" | "voice")[] } | null;
  /** In numbers, for those who may see them; null for a call's own client. */
  evidence: Evidence | null;
  /** Which way the evidence points. */
  bar: Bar | null;
  /** What is believed, calibrated: these log-odds mean what they say; left out where they are not told. */
  posterior?: Evidence | null;
  speech_s: number;
  /** Boxes as fractions of the picture: x, y, width, height. */
  faces: [number, number, number, number][];
  notes: string[];
  spared: boolean;
  age_s: number | null;
  /** Whether somebody is there: 1 the mouth goes with the speech, -1 in doubt, 0 not known yet; left out where nobody asks. */
  presence?: -1 | 0 | 1 | null;
}

export interface StateChanged extends Numbered {
  state: State;
  previous: State;
  /** Machine-readable, such as "voice_mismatch". */
  reasons: string[];
  llr: number | null;
  /** What is believed of both, calibrated; left out where it is not told. */
  posterior?: number | null;
}

export interface EnrolmentProgress extends Numbered {
  speech_s: number;
  speech_needed_s: number;
  faces: number;
  faces_needed: number;
  missing: string[];
  boxes: [number, number, number, number][];
  complete: boolean;
}

export interface Enrolled extends Numbered {
  identity: string;
  id: string;
  speech_s: number;
  faces: number;
  /** Whether an older reference of that name went. */
  replaced: boolean;
  /** Whether the new one is rather the same person's; null where nothing tells. */
  resembles_replaced: boolean | null;
  /** The older reference is a part of this one. */
  added?: true | null;
}

/** The person in the call is asked for something, now and once: show it. */
export interface ChallengeAsked extends Numbered {
  challenge: string;
  kind: ChallengeKind;
  by: "api" | "client" | "start" | "doubt";
  /** Sides to turn the head to, as the person has them. */
  turns: ("left" | "right")[];
  digits: string | null;
  within_s: number;
  number: number;
  most: number;
  /** What the person may choose instead. */
  others: ChallengeKind[];
  /** That who answers blindly is right; null where nothing drawn is checked. */
  chance: number | null;
  /** Colours such as "#aacbff" that fill the screen, from so many seconds after the question; left out for other kinds. */
  screen?: { colours: string[]; from_s: number; each_s: number } | null;
}

export interface ChallengeResult extends Numbered {
  challenge: string;
  kind: ChallengeKind;
  outcome: "passed" | "failed" | "unanswered" | "not_measurable";
  /** Machine-readable, such as "other_side"; null where it was passed. */
  why: string | null;
  after_s: number;
  measured: {
    pictures: number;
    turns: ("left" | "right")[] | null;
    reaction_s: number | null; speech_s: number | null; syllables: number | null;
    lips: -1 | 0 | 1 | null; voice: -1 | 0 | 1 | null; words: boolean | null;
    /** How clearly light on the face follows the colours. These are left out for other kinds. */
    bits?: number | null; delay_s?: number | null; light?: number | null; background?: number | null;
  };
}

export interface Gap extends Numbered {
  kind: Kind;
  start_s: number;
  end_s: number;
  reason: string;
}

export interface SessionEnded extends Numbered {
  reason: string;
  totals: { windows: number; video_frames_dropped: number; audio_overrun_s: number };
}

/** Of the server, or of this side with a code of CLIENT_ERRORS; the call is over. */
export interface VerifierError {
  type: "error";
  code: string;
  /** Says what to do. */
  message: string;
  receivedAt: number;
}

/** What happens to the connection; nothing is checked from the first "reconnecting" to "resumed". */
export interface ConnectionEvents {
  answer: { type: "answer"; sdp: string; session: string };
  connection: { state: RTCPeerConnectionState };
  reconnecting: { reason: string; attempt: number; awayMs: number; leftMs: number };
  resumed: { session: string; awayMs: number; attempts: number };
  /** The server knew the session no longer: another one has begun, with numbers from 1. */
  restarted: { session: string; previous: string; awayMs: number };
  /** So many numbered events never came. */
  events_lost: { count: number; after: number; before: number };
  /** The server stops then; the call goes on by itself at another one if it moves, else in a new session. */
  going_away: { endsInMs: number; moves: boolean };
  network: { online: boolean };
  visibility: { hidden: boolean };
  warning: { code: string; message: string };
}

export interface TrackEvents {
  track_ended: { kind: Kind };
  track_muted: { kind: Kind };
  track_unmuted: { kind: Kind };
  track_replaced: { kind: Kind };
}

export interface ServerEvents {
  session_started: SessionStarted;
  media_started: MediaStarted;
  score: Score;
  state_changed: StateChanged;
  enrolment_progress: EnrolmentProgress;
  enrolled: Enrolled;
  /** The person's consent ends soon: ask for another one. */
  consent_expiring: Numbered & { expires_at: string; days_left: number };
  challenge_asked: ChallengeAsked;
  challenge_result: ChallengeResult;
  gap: Gap;
  connection_lost: Numbered & { reason: string };
  connection_resumed: Numbered & { away_s: number; origin?: Origin | null };
  session_ended: SessionEnded;
}

/** The `detail` of each event. Servers may send types that are not listed here. */
export interface StreamVerifierEvents extends ServerEvents, ConnectionEvents, TrackEvents {
  error: VerifierError;
  /** What was asked of challenges cannot be; the call goes on. */
  challenge_refused: { type: "challenge_refused"; code: string; message: string; receivedAt: number };
  /** Nothing is sent any more. */
  ending: { reason: string };
  /** The last, once, whatever happened. */
  closed: { reason: string };
}

export type MediaSource = MediaStream | RTCPeerConnection;

export class StreamVerifier extends EventTarget {
  constructor(options: StreamVerifierOptions);
  /** When what happened first, in milliseconds since the epoch. */
  marks: Record<string, number>;
  /** Whether media may be on its way to the server. */
  get active(): boolean;
  /** The server's id of the session, null before there is one. */
  get session(): string | null;
  /** Takes copies of the tracks that a stream holds or a peer connection sends, and follows. */
  attach(source: MediaSource): this;
  /** Takes one track from elsewhere, say after a change of device. */
  replaceTrack(track: MediaStreamTrack): void;
  /** Opens the call; never rejects, errors are events. */
  start(): Promise<void>;
  /** Has the person asked for something, now; false where it could not be sent. */
  askChallenge(kind?: ChallengeKind): boolean;
  /** Says that the person skips a challenge, or would rather have another one. */
  answerChallenge(challenge: string, choice: "skip" | "other"): boolean;
  /** Ends the call and waits for the server's last words, five seconds at most. */
  stop(): Promise<void>;
  addEventListener<T extends keyof StreamVerifierEvents>(
    type: T,
    listener: (event: CustomEvent<StreamVerifierEvents[T]>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<T extends keyof StreamVerifierEvents>(
    type: T,
    listener: (event: CustomEvent<StreamVerifierEvents[T]>) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

export type ClientErrorCode =
  | "unreachable"
  | "no_websocket" | "no_answer"
  | "connection_lost"
  | "going_away"
  | "session_lost"
  | "media_failed"
  | "bad_answer"
  | "ice_unavailable"
  | "token_failed"
  | "no_webrtc";

/** What can fail on this side, and what to do about it. */
export const CLIENT_ERRORS: Readonly<Record<ClientErrorCode, string>>;

/** Milliseconds since the epoch, with the resolution of performance.now(). */
export function nowMs(): number;

/** The address of the call on the server that the module came from. */
export function defaultCallUrl(): string;

/** An answer whose video codecs name where Chromium's bitrate begins. */
export function withStartBitrate(sdp: string, bps: number): string;
