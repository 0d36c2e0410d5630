import AnnotationModel
import Testing

@testable import AnnotationFormats

@Suite("Tracks written frame by frame")
struct FrameTrackTests {
    private static func track(_ times: [Double]) -> [Selector.Keyframe] {
        times.map { .init(time: $0, selector: .box(.init(x: $0, y: 0, width: 1, height: 1))) }
    }

    @Test("a track over more frames than anybody writes is refused, however far its ends are apart")
    func tooLong() {
        #expect(FrameTrack.seen(Self.track([-9e18, 9e18])) == nil)
        #expect(FrameTrack.seen(Self.track([0, Double(FrameTrack.framesMax) + 1])) == nil)
    }

    @Test("frames between two keyframes lie between them")
    func between() {
        #expect(FrameTrack.seen(Self.track([2, 5, 6])) == Self.track([2, 3, 4, 5, 6]))
    }
}
