/// Six words that stand for a hash, to be compared over the telephone.
///
/// The words are those of the PGP word list: two lists of 256, one for bytes at even and one for bytes at
/// odd positions, so that a word left out, doubled or exchanged with its neighbour is noticed. Six
/// words are 48 bits; an attacker has one try, while both companies are on the line.
public struct InvitationWords: Sendable, Equatable, CustomStringConvertible {
    /// The number of words.
    public static let count = 6

    /// The words in order.
    public let words: [String]

    /// The words of a hash: its first six bytes.
    public init(_ hash: Digest) {
        words = hash.bytes.prefix(Self.count).enumerated().map { position, byte in
            String(position % 2 == 0 ? Self.even[Int(byte)] : Self.odd[Int(byte)])
        }
    }

    /// The words that both sides of a connection see: equal if and only if both see the same
    /// certificates and know the same secret.
    ///
    /// The order of the fingerprints is of no account, as each side calls another one its own.
    public init(fingerprints: [Digest], secret: [UInt8]) {
        var hasher = SHA256Hasher()
        hasher.update(Array("countermark invitation words v1\n\(fingerprints.count)\n".utf8))
        for fingerprint in fingerprints.sorted() { hasher.update(fingerprint) }
        // Last, because its length may vary; the fingerprints' may not.
        hasher.update(secret)
        self.init(hasher.finish())
    }

    /// The words with spaces between.
    public var description: String { words.joined(separator: " ") }

    /// Whether somebody typed these words, in any case and with any white space.
    public func matches(_ typed: String) -> Bool {
        typed.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
            == words.map { $0.lowercased() }
    }

    /// The word of each byte at an even position.
    static let even = """
        aardvark absurd accrue acme adrift adult afflict ahead aimless Algol allow alone ammo
        ancient apple artist assume Athens atlas Aztec baboon backfield backward banjo beaming
        bedlamp beehive beeswax befriend Belfast berserk billiard bison blackjack blockade
        blowtorch bluebird bombast bookshelf brackish breadline breakup brickyard briefcase
        Burbank button buzzard cement chairlift chatter checkup chisel choking chopper Christmas
        clamshell classic classroom cleanup clockwork cobra commence concert cowbell crackdown
        cranky crowfoot crucial crumpled crusade cubic dashboard deadbolt deckhand dogsled
        dragnet drainage dreadful drifter dropper drumbeat drunken Dupont dwelling eating edict
        egghead eightball endorse endow enlist erase escape exceed eyeglass eyetooth facial
        fallout flagpole flatfoot flytrap fracture framework freedom frighten gazelle Geiger
        glitter glucose goggles goldfish gremlin guidance hamlet highchair hockey indoors
        indulge inverse involve island jawbone keyboard kickoff kiwi klaxon locale lockup merit
        minnow miser Mohawk mural music necklace Neptune newborn nightbird Oakland obtuse
        offload optic orca payday peachy pheasant physique playhouse Pluto preclude prefer
        preshrunk printer prowler pupil puppy python quadrant quiver quota ragtime ratchet
        rebirth reform regain reindeer rematch repay retouch revenge reward rhythm ribcage
        ringbolt robust rocker ruffled sailboat sawdust scallion scenic scorecard Scotland
        seabird select sentence shadow shamrock showgirl skullcap skydive slingshot slowdown
        snapline snapshot snowcap snowslide solo southward soybean spaniel spearhead spellbind
        spheroid spigot spindle spyglass stagehand stagnate stairway standard stapler steamship
        sterling stockman stopwatch stormy sugar surmount suspense sweatband swelter tactics
        talon tapeworm tempest tiger tissue tonic topmost tracker transit trauma treadmill
        Trojan trouble tumor tunnel tycoon uncut unearth unwind uproot upset upshot vapor
        village virus Vulcan waffle wallet watchword wayside willow woodlark Zulu
        """.split(whereSeparator: \.isWhitespace)

    /// The word of each byte at an odd position.
    static let odd = """
        adroitness adviser aftermath aggregate alkali almighty amulet amusement antenna
        applicant Apollo armistice article asteroid Atlantic atmosphere autopsy Babylon
        backwater barbecue belowground bifocals bodyguard bookseller borderline bottomless
        Bradbury bravado Brazilian breakaway Burlington businessman butterfat Camelot candidate
        cannonball Capricorn caravan caretaker celebrate cellulose certify chambermaid Cherokee
        Chicago clergyman coherence combustion commando company component concurrent confidence
        conformist congregate consensus consulting corporate corrosion councilman crossover
        crucifix cumbersome customer Dakota decadence December decimal designing detector
        detergent determine dictator dinosaur direction disable disbelief disruptive distortion
        document embezzle enchanting enrollment enterprise equation equipment escapade Eskimo
        everyday examine existence exodus fascinate filament finicky forever fortitude frequency
        gadgetry Galveston getaway glossary gossamer graduate gravity guitarist hamburger
        Hamilton handiwork hazardous headwaters hemisphere hesitate hideaway holiness hurricane
        hydraulic impartial impetus inception indigo inertia infancy inferno informant insincere
        insurgent integrate intention inventive Istanbul Jamaica Jupiter leprosy letterhead
        liberty maritime matchmaker maverick Medusa megaton microscope microwave midsummer
        millionaire miracle misnomer molasses molecule Montana monument mosquito narrative
        nebula newsletter Norwegian October Ohio onlooker opulent Orlando outfielder Pacific
        pandemic Pandora paperweight paragon paragraph paramount passenger pedigree Pegasus
        penetrate perceptive performance pharmacy phonetic photograph pioneer pocketful
        politeness positive potato processor provincial proximate puberty publisher pyramid
        quantity racketeer rebellion recipe recover repellent replica reproduce resistor
        responsive retraction retrieval retrospect revenue revival revolver sandalwood sardonic
        Saturday savagery scavenger sensation sociable souvenir specialist speculate stethoscope
        stupendous supportive surrender suspicious sympathy tambourine telephone therapist
        tobacco tolerance tomorrow torpedo tradition travesty trombonist truncated typewriter
        ultimate undaunted underfoot unicorn unify universe unravel upcoming vacancy vagabond
        vertigo Virginia visitor vocalist voyager warranty Waterloo whimsical Wichita Wilmington
        Wyoming yesteryear Yucatan
        """.split(whereSeparator: \.isWhitespace)
}
