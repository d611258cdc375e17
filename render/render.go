// Package render turns scenes and cuts into video, in a queue that people watch:
// what a job is and what becomes of it (pure rules), the dispatcher that gives
// jobs to renderers, and the budgets that stop it.
//
// A job is always in one state; [Job.After] is the only way from one to the next.
// A store applies it inside a transaction, so that of two nodes that want one job
// one gets it, and a worker whose lease has ended changes nothing any more.
package render

import (
	"errors"
	"time"
)

// The reasons for which a change of a job is refused.
var (
	// ErrFenced: the lease is another's by now; stop and throw away what was made.
	ErrFenced = errors.New("render: the lease is over")
	// ErrState: a job in that state cannot do that.
	ErrState = errors.New("render: not in this state")
)

// State is where a job is.
type State string

// The states. The last three are ends; what failed or was canceled can be asked for
// anew, as another job.
const (
	Queued   State = "queued"
	Running  State = "running"
	Done     State = "done"
	Failed   State = "failed"
	Canceled State = "canceled"
)

// Kind is what a job makes.
type Kind string

// The kinds of jobs.
const (
	Scene    Kind = "scene"    // a take of one scene
	Preview  Kind = "preview"  // the cut, quick and small
	Delivery Kind = "delivery" // the cut, as it leaves the house
)

const (
	// Lease is how long a worker may be silent.
	Lease = 30 * time.Second
	// maxAttempts is how often a job is tried before it fails for good.
	maxAttempts = 4
	// firstWait is how long a job waits before it is tried a second time; each
	// further wait is four times as long.
	firstWait = 2 * time.Second
	// Shy is how long a node leaves a job that it just failed to the others.
	Shy = 30 * time.Second
)

// timeLimit is how long an attempt may take, however well it goes on.
func (k Kind) timeLimit() time.Duration {
	if k == Delivery {
		return 6 * time.Hour
	}
	return 2 * time.Hour
}

// Job is one piece of work for a renderer, as the queue knows it.
type Job struct {
	ID        string
	Workspace string
	Project   string
	Kind      Kind
	Scene     string // of a take
	Backend   string // the renderer that it is for
	Person    string // who asked for it; "" for the automation
	Title     string // for lists: the scene's or the preset's name
	Spec      []byte // what to render, pinned when it was asked for (JSON)
	Hash      string // of the backend and the spec: equal hashes make equal results
	Needs     []string
	Priority  int    // the higher are first
	Place     uint64 // among equal priorities, the lower are first
	Length    int    // frames that it will have
	Retries   string // the failed or canceled job that this one is for
	Replaces  string // the waiting job that this one was made of by an edit

	State    State
	Attempt  int // how often it was claimed since it was queued
	Reason   Reason
	Progress float64 // 0 to 1
	Worker   string
	Fence    uint64    // counts claims for ever; a worker has to know it
	Lease    time.Time // when the claim ends unless it is extended
	NotFor   time.Time // not to be claimed before
	Avoid    string    // the node that just failed it: others are asked first
	Result   Result

	Created  time.Time
	Started  time.Time // of the last attempt
	Finished time.Time
}

// Reason is why a job failed or was taken back, for people.
type Reason struct {
	Code    string // a short word that programs know, "" for none
	Message string // what happened and what to do
}

// Result is what a job made.
type Result struct {
	Asset   string  // the id of what was stored
	Frames  int     // of video
	Seconds float64 // of processor or service time, with that of attempts that broke
	Cost    float64 // in the currency of the workspace's budget
}

// Over tells whether nothing will happen to the job by itself.
func (j Job) Over() bool { return j.State == Done || j.State == Failed || j.State == Canceled }

// ETA is how long a running job may still take, guessed from its progress; 0 when
// nothing can be said yet.
func (j Job) ETA(now time.Time) time.Duration {
	took := now.Sub(j.Started)
	if j.State != Running || j.Progress < 0.02 || took <= 0 {
		return 0
	}
	return time.Duration(float64(took) * (1 - j.Progress) / j.Progress).Round(time.Second)
}
