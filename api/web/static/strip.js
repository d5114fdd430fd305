// <heat-strip>: all moments of a video for a query, over the length of the video.
