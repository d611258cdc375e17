package ffmpeg

// preset is how a result is encoded.
type preset struct {
	extension string
	mediaType string
	most      int                  // pixels of the longer edge; 0 is as planned
	words     func(w *work) []byte // of a file of captions and nothing else
	video     []string             // arguments; nil without pictures
	filter    string               // at the end of the pictures' filters
	sound     []string             // nil without sound
	container []string
	text      string // the codec of captions beside the pictures; "" when there is none
}

// presets are what the embedded renderer can make.
var presets = map[string]preset{
	"h264": {
		extension: "mp4", mediaType: "video/mp4", text: "mov_text",
		video:     []string{"-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"},
		sound:     []string{"-c:a", "aac", "-b:a", "192k"},
		container: []string{"-movflags", "+faststart"},
	},
	"preview": {
		extension: "mp4", mediaType: "video/mp4", most: 640, text: "mov_text",
		video:     []string{"-c:v", "libx264", "-preset", "ultrafast", "-crf", "28", "-pix_fmt", "yuv420p"},
		sound:     []string{"-c:a", "aac", "-b:a", "96k"},
		container: []string{"-movflags", "+faststart"},
	},
	"prores": {
		extension: "mov", mediaType: "video/quicktime", text: "mov_text",
		video: []string{"-c:v", "prores_ks", "-profile:v", "3", "-pix_fmt", "yuv422p10le"},
		sound: []string{"-c:a", "pcm_s24le"},
	},
	"webm": {
		extension: "webm", mediaType: "video/webm", text: "webvtt",
		video: []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "6", "-crf", "32", "-b:v", "0", "-pix_fmt", "yuv420p"},
		sound: []string{"-c:a", "libopus", "-b:a", "128k"},
	},
	"gif": {
		extension: "gif", mediaType: "image/gif", most: 480,
		video: []string{"-c:v", "gif"}, filter: "split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=bayer",
	},
	"still": {
		extension: "png", mediaType: "image/png",
		video:     []string{"-c:v", "png", "-pix_fmt", "rgb24"},
		container: []string{"-f", "image2", "-update", "1"},
	},
	"vtt": {extension: "vtt", mediaType: "text/vtt", words: (*work).webvtt},
	"srt": {extension: "srt", mediaType: "application/x-subrip", words: (*work).subtitles},
	"wav": {
		extension: "wav", mediaType: "audio/wav",
		sound: []string{"-c:a", "pcm_s24le"},
	},
}

// filters are those at the end.
func (p preset) filters() []string {
	if p.filter == "" {
		return nil
	}
	return []string{p.filter}
}

// fit is the size of the result: even, and no longer than the preset wants.
func (p preset) fit(size [2]int) [2]int {
	if longer := max(size[0], size[1]); p.most > 0 && longer > p.most {
		size[0], size[1] = size[0]*p.most/longer, size[1]*p.most/longer
	}
	return [2]int{max(size[0]&^1, 2), max(size[1]&^1, 2)}
}
