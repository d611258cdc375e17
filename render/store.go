package render

import (
	"context"
	"errors"
	"time"
)

// ErrNone: no job can be claimed now.
var ErrNone = errors.New("render: no job to claim")

// ErrNotFound: there is no such job.
var ErrNotFound = errors.New("render: no such job")

// Store keeps the queue for all nodes. Each call is one transaction.
type Store interface {
	// Claim gives the job that is next for one of these backends to a worker, by
	// [Claimed], or returns [ErrNone]. Next is, of the jobs that are queued, due,
	// with all that they need done, in no paused project or workspace and within
	// their workspace's budget: one of the workspace that has the fewest running, and
	// of those the one that has waited longest, the one with the highest priority,
	// the lowest place. A node that just failed a job leaves it to others for [Shy],
	// if there are some.
	Claim(ctx context.Context, w Want) (Change, error)

	// Change applies an event to a job and stores what it became.
	Change(ctx context.Context, job string, e Event, now time.Time) (Change, error)

	// Overdue lists running jobs whose lease has ended, at most a few.
	Overdue(ctx context.Context, now time.Time) ([]string, error)

	// Overspent lists running jobs of workspaces that have spent what they are to be
	// stopped at, at most a few.
	Overspent(ctx context.Context, now time.Time) ([]string, error)

	// Alive notes that a node renders for these backends.
	Alive(ctx context.Context, w Want) error
}

// Orders is the part of a queue that people use.
type Orders interface {
	// AddJob stores a queued job, at the end of its priority. When an equal job of its
	// workspace is done and its result is still there, the new one is done at once, by
	// [Reused]. A job that Replaces another takes its place, and the other is canceled:
	// both changes are returned, the new job's last. What needed a job that is
	// replaced or retried needs the new one. It ends with [ErrState] when the job to
	// replace does not wait, or the one to retry does not want it.
	AddJob(ctx context.Context, j Job) ([]Change, error)
	// MoveJob gives a queued job another priority and place, by [Moved].
	MoveJob(ctx context.Context, id string, to Spot, now time.Time) (Change, error)
	// Job returns a job, or ends with [ErrNotFound].
	Job(ctx context.Context, id string) (Job, error)
	// Jobs lists jobs of a project, the newest first, with the number of the last
	// event that is in the answer.
	Jobs(ctx context.Context, f Filter) (jobs []Job, seq uint64, err error)
}

// Waits is what waits and runs now.
type Waits interface {
	// Waiting tells what keeps the queued jobs of a project, and in which order its
	// workspace's are claimed.
	Waiting(ctx context.Context, project string, now time.Time) (Waiting, error)
	// Active counts by project what of a workspace waits and runs.
	Active(ctx context.Context, workspace string) (map[string]Activity, error)
}

// Activity is what of a project waits and runs, and how far that is, from 0 to 1.
type Activity struct {
	Queued, Running int
	Progress        float64
}

// Bounds is what keeps projects and workspaces from rendering.
type Bounds interface {
	// Pause stops claims of a project's jobs, or lets them go on.
	Pause(ctx context.Context, project string, paused bool) error
	// PauseAll does so for a workspace.
	PauseAll(ctx context.Context, workspace string, paused bool) error
	// SetBudget bounds what a workspace may render in a day.
	SetBudget(ctx context.Context, workspace string, b Budget) error
	// Spending tells what a workspace may render, and what it has.
	Spending(ctx context.Context, workspace string, now time.Time) (Spending, error)
	// Nearing lists the workspaces that have spent most of their budget and were not
	// told so for a day; they count as told.
	Nearing(ctx context.Context, now time.Time) ([]Spending, error)
}

// Past is what is to be learned and done of jobs that are done.
type Past interface {
	// Unchosen lists takes that were made and that their scenes do not show yet, the
	// oldest first, at most a few; Chosen takes one from that list.
	Unchosen(ctx context.Context) ([]Job, error)
	Chosen(ctx context.Context, job string) error
	// Paces lists how long the newest jobs took.
	Paces(ctx context.Context) ([]Pace, error)
}

// Desk is all that people use of a queue.
type Desk interface {
	Orders
	Waits
	Bounds
	Past
}

// Spot is where in the queue a job goes.
type Spot struct {
	Priority int
	Before   string // a queued job of the same project; "" for the priority alone
}

// Pace is how long a job took, from claim to end.
type Pace struct {
	Kind    Kind
	Backend string
	Frames  int
	Took    time.Duration
}

// Filter says which jobs to list: those of a project, before one of them.
type Filter struct {
	Project string
	States  []State // empty: all
	Before  string  // the id of the last one of the page before; "" for the first page
	Limit   int
}

// Want says who asks for work, and which they can do.
type Want struct {
	Worker   string // the name of its node, a slash, and a number
	Backends []string
	Now      time.Time
}

// Change is a job as it is after an event, with the event's number among all of
// its project: numbers have no gaps, so that who watches knows what was missed.
type Change struct {
	Job Job
	Seq uint64
	// Thumbnail is a JPEG of what is being made, in the changes of a running job in
	// which there is a new one. It is not stored.
	Thumbnail string
}

// Budget bounds what a workspace may render in a day; 0 is no bound.
type Budget struct {
	Jobs        int
	Seconds     float64
	Cost        float64
	StopSeconds float64 // from here on, even what runs is stopped
	StopCost    float64
}

// Spent is what was rendered in a day, with what runs.
type Spent struct {
	Jobs    int
	Seconds float64
	Cost    float64
}

// Spending is what a workspace may spend, and what it has spent in the last day.
type Spending struct {
	Workspace string
	Budget    Budget
	Spent     Spent
	Paused    bool
	Projects  []string // to be told
}

// nearly is the part of a budget at which people are told.
const nearly = 0.8

// Allows tells whether one more job may be claimed.
func (b Budget) Allows(s Spent) bool { return b.used(s) < 1 }

// Nears tells whether most of the budget is spent.
func (b Budget) Nears(s Spent) bool { return b.used(s) >= nearly }

// Stops tells whether so much is spent that even what runs is stopped.
func (b Budget) Stops(s Spent) bool {
	return max(share(s.Seconds, b.StopSeconds), share(s.Cost, b.StopCost)) >= 1
}

// used is the part of the budget that is spent, of what is spent most of.
func (b Budget) used(s Spent) float64 {
	return max(share(float64(s.Jobs), float64(b.Jobs)), share(s.Seconds, b.Seconds), share(s.Cost, b.Cost))
}

func share(of, bound float64) float64 {
	if bound == 0 {
		return 0
	}
	return of / bound
}

// Thumbnail is the file in a job's directory in which a renderer may leave a small
// JPEG of what it is making, for people to look at.
const Thumbnail = "thumbnail.jpg"

// Renderer makes video of one kind of backend. A further backend is a type that
// implements it.
type Renderer interface {
	// Render makes what the job's spec asks for, into files in dir, which is empty
	// and is removed afterwards. It calls report, from any goroutine, with how far it
	// is (0 to 1): who is no further for a minute is taken to hang. It returns when ctx ends. An
	// error may be or wrap a [*Failure], which says whether to try again; any other
	// is tried again.
	Render(ctx context.Context, job Job, dir string, report func(progress float64)) (Output, error)
}

// Output is what a renderer has made.
type Output struct {
	File    string // in the job's directory
	Type    string // its media type
	Frames  int
	Seconds float64 // of processor or service time
	Cost    float64
}

// Failure is an error that people are told.
type Failure struct {
	Reason     Reason
	Repeatable bool
	Err        error // for the log; may be nil
}

// Error is the reason, with what is for the log.
func (f *Failure) Error() string {
	if f.Err != nil {
		return f.Reason.Message + ": " + f.Err.Error()
	}
	return f.Reason.Message
}

// Unwrap returns the error for the log.
func (f *Failure) Unwrap() error { return f.Err }
