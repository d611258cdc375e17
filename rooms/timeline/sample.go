package timeline

// The colours of scene cards and markers.
const (
	amber  = "#d97706"
	teal   = "#0d9488"
	indigo = "#4f46e5"
	rose   = "#e11d48"
	slate  = "#64748b"
)

const filmStyle = "35 mm film, anamorphic, natural light, fine grain"

// The sample tells of the last night of a lighthouse.
var sampleScenes = []scene{
	{
		title: "Before the light", length: 144, color: indigo, style: filmStyle,
		prompt: "Wide aerial at blue hour: a white lighthouse alone on a black basalt headland, the sea slow and heavy as mercury. " +
			"One window is lit. The camera drifts in from far out over the water, low, unhurried, until the first gull crosses frame.",
		notes: "Opening image. Hold the silence; no music before the match is struck.",
	},
	{
		title: "The match", length: 96, color: amber, style: filmStyle,
		prompt: "Extreme close-up: an old hand strikes a match in the dark. The flare blooms, finds the grain of a wooden table, a brass key, " +
			"a logbook open at its last empty page. Shallow focus breathing from flame to paper.",
		notes: "The sound of the match is the first sound of the film.",
	},
	{
		title: "One hundred and ninety-nine steps", length: 168, color: amber, style: filmStyle,
		prompt: "Looking straight up the spiral staircase of the tower, lantern glow climbing turn by turn as the keeper ascends. " +
			"The camera rises with her through the empty centre, the stairs unwinding like the inside of a shell.",
		notes: "Count the steps once, aloud, under her breath. She has climbed them every night for forty years.",
	},
	{
		title: "The lamp wakes", length: 120, color: amber, style: filmStyle,
		prompt: "Inside the lantern room: a first-order Fresnel lens taller than a person begins to turn. Prisms throw slow rainbows across the " +
			"keeper's face. Dust hangs in the beam as it sweeps out through the glass and over the darkening sea.",
		notes: "Ask for several takes: the rainbows must cross her eyes exactly once.",
	},
	{
		title: "Out on the water", length: 144, color: teal, style: filmStyle,
		prompt: "Night, handheld on the deck of a small fishing boat in rising swell. Rain across the lens. A boy at the bow points: far off, the beam " +
			"comes round, whites out the frame for a heartbeat, and is gone. Behind him his father laughs with relief.",
		notes: "The only scene away from the tower. Cold light; all warmth comes from the beam.",
	},
	{
		title: "The letter", length: 120, color: rose, style: filmStyle,
		prompt: "Medium shot at the table: the keeper reads a typed letter by lamplight, then folds it twice, very small. Through the window behind " +
			"her, out of focus, a row of automatic beacons blinks along the coast, perfectly regular, one after another.",
		notes: "We never read the letter. The beacons say what is in it.",
	},
	{
		title: "The last turn", length: 192, color: indigo, style: filmStyle,
		prompt: "Dawn from the gallery rail: the sun breaks the horizon as the great lens slows, and slows, and stops. The keeper lays her palm on the warm " +
			"glass. A single continuous orbit around her, from night-blue shadow into gold.",
		notes: "One take, no cut inside. The stop of the lens and the first sun touch on the same frame.",
	},
	{
		title: "After", length: 144, color: slate, style: filmStyle,
		prompt: "Wide, mirrored from the opening: the same headland in full morning, the lighthouse small and unlit. A woman with one suitcase walks away along the " +
			"cliff path. She does not look back. In the tower window, a paper bird turns on a thread.",
		notes: "Match the first frame exactly. The paper bird is the letter.",
	},
}

// The cut opens on the match, splits the climb around the boat, and comes back.
var sampleCut = []shot{
	{scene: 0, in: 24, length: 96, dissolve: 12},
	{scene: 1, in: 0, length: 72, label: "Flare"},
	{scene: 2, in: 0, length: 60, label: "Climb, lower turns"},
	{scene: 2, in: 60, length: 72, piece: true, label: "Climb, upper turns"},
	{scene: 3, in: 12, length: 96},
	{scene: 4, in: 0, length: 54, label: "The boy sees it"},
	{scene: 4, in: 54, length: 66, piece: true, label: "The father laughs"},
	{scene: 5, in: 0, length: 108},
	{scene: 3, in: 60, length: 48, label: "Lens, again", dissolve: 8},
	{scene: 6, in: 0, length: 96, label: "Slowing"},
	{scene: 6, in: 96, length: 84, piece: true, label: "Sun", dissolve: 24},
	{scene: 7, in: 0, length: 144, gap: 12},
}

var sampleCaptions = []caption{
	{shot: 0, offset: 30, length: 54, text: "The Last Turn"},
	{shot: 5, offset: 6, length: 42, text: "There — there it is."},
	{shot: 11, offset: 72, length: 60, text: "For everyone who kept a light"},
}

var sampleMarkers = []marker{
	{shot: 1, offset: 10, label: "First sound: the match", color: amber},
	{shot: 5, offset: 20, length: 34, label: "Whiteout must land on the beat", color: teal},
	{shot: 10, offset: 0, label: "Lens stops as the sun rises", color: rose},
	{shot: 11, offset: 100, label: "Paper bird", color: indigo},
}
